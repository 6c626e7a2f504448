#include "plugins/rtp/rtp_sender.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace parley;

namespace {

const std::vector<std::int16_t> frame(160, 1000);

}  // namespace

TEST_CASE("rtp sender: sequences go on by one, timestamps with time, markers start spurts") {
  rtp::RtpSender sender(g711::Law::a, 7);
  struct Row {
    bool talking;
    std::uint32_t pass;
    bool marker;
  };
  constexpr Row rows[] = {{false, 160, false}, {true, 160, true},   {true, 160, false},
                          {false, 160, false}, {false, 480, false}, {true, 160, true}};
  std::optional<rtp::Packet> before;
  std::uint32_t passed = 0;
  for (const auto& row : rows) {
    const auto p = rtp::parse(sender.packet(frame, row.talking));
    REQUIRE(p);
    CHECK(p->payload_type == 8);
    CHECK(p->payload.size() == 160);
    CHECK(p->payload[0] == g711::encode(g711::Law::a, 1000));
    CHECK(p->marker == row.marker);
    if (before) {
      CHECK(p->sequence == std::uint16_t(before->sequence + 1));
      CHECK(p->timestamp == before->timestamp + passed);
      CHECK(p->ssrc == before->ssrc);
    }
    before = p;
    sender.pass(passed = row.pass);
  }
}

TEST_CASE("rtp sender: the seed decides where a stream starts") {
  const auto first = [](std::uint64_t seed) {
    rtp::RtpSender sender(g711::Law::mu, seed);
    return *rtp::parse(sender.packet(frame, true));
  };
  CHECK(first(1).ssrc == first(1).ssrc);
  CHECK(first(1).sequence == first(1).sequence);
  CHECK(first(1).ssrc != first(2).ssrc);
}
