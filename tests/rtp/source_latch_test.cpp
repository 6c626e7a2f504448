#include "plugins/rtp/source_latch.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace parley;
using rtp::SourceLatch;

namespace {

constexpr Address none{}, announced{0x0a000001, 4000}, nat{0xc0000201, 1024}, other{0xc6336401, 9};

struct Row {
  int at_ms;
  Address from;
  std::uint32_t ssrc;
  int sequence;
  bool believed;
};

void play(const char* what, const Address& expected, const std::vector<Row>& rows) {
  CAPTURE(what);
  SourceLatch latch;
  std::uint64_t foreign = 0;
  for (const auto& r : rows) {
    CAPTURE(r.at_ms);
    CHECK(latch.believes(r.from, expected, {.sequence = std::uint16_t(r.sequence), .ssrc = r.ssrc},
                         Nanos(1ms) * r.at_ms) == r.believed);
    foreign += !r.believed;
    if (r.believed) CHECK(latch.source() == r.from);
  }
  CHECK(latch.foreign() == foreign);
}

std::vector<Row> stream(const Address& from, int from_ms, int packets) {
  std::vector<Row> rows;
  for (int i = 0; i < packets; ++i) rows.push_back({from_ms + i * 20, from, 1, i, true});
  return rows;
}

std::vector<Row> operator+(std::vector<Row> a, const std::vector<Row>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("source latch: who is the far end, and who is not") {
  play("the announced address sends", announced, stream(announced, 0, 10));
  play("another address sends, as behind a NAT", announced, stream(nat, 0, 10));
  play("nothing was announced", none, stream(nat, 0, 10));
  play("a second sender is foreign", announced,
       stream(announced, 0, 10) + std::vector<Row>{{200, other, 2, 7, false}});
  play("the announced address may always take over", announced,
       stream(other, 0, 10) + stream(announced, 200, 10));
  play("one stray packet first, then the caller", announced,
       std::vector<Row>{{0, other, 9, 1, true}, {100, nat, 1, 0, false}} + stream(nat, 600, 10));
  play(
      "the same stream goes on from elsewhere after silence", none,
      stream(nat, 0, 10) + std::vector<Row>{{200, other, 1, 10, false}, {700, other, 1, 35, true}});
  play("another stream may not, however long the silence", none,
       stream(nat, 0, 10) + std::vector<Row>{{60'000, other, 2, 35, false}});
  play("nor a replay of an old packet", none,
       stream(nat, 0, 10) + std::vector<Row>{{900, other, 1, 3, false}});
}
