#include "plugins/rtp/rtp_packet.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <vector>

using namespace parley;
using Bytes = std::vector<std::uint8_t>;

namespace {

constexpr std::array<std::uint8_t, 12> plain = {0x80, 0x80 | 8, 0x12, 0x34, 0xde, 0xad,
                                                0xbe, 0xef,     0x01, 0x02, 0x03, 0x04};

Bytes packet(std::uint8_t first, std::initializer_list<int> rest) {
  Bytes all(plain.begin(), plain.end());
  all[0] = first;
  for (int b : rest) all.push_back(std::uint8_t(b));
  return all;
}

}  // namespace

TEST_CASE("rtp packet: what was written reads back, field by field") {
  const Bytes payload = {1, 2, 3};
  Bytes out(64);
  const auto size = rtp::write({.marker = true,
                                .payload_type = 101,
                                .sequence = 65535,
                                .timestamp = 0xfffffff0,
                                .ssrc = 0x80000001,
                                .payload = payload},
                               out);
  CHECK(size == 15);
  const auto p = rtp::parse(std::span(out).first(size));
  REQUIRE(p);
  CHECK(p->marker);
  CHECK(p->payload_type == 101);
  CHECK(p->sequence == 65535);
  CHECK(p->timestamp == 0xfffffff0);
  CHECK(p->ssrc == 0x80000001);
  CHECK(Bytes(p->payload.begin(), p->payload.end()) == payload);
  CHECK(rtp::write(*p, std::span(out).first(14)) == 0);
}

TEST_CASE("rtp packet: CSRCs, an extension and padding are stepped over") {
  struct Row {
    const char* what;
    Bytes datagram;
    Bytes payload;
  };
  const Row rows[] = {
      {"plain", packet(0x80, {7, 8}), {7, 8}},
      {"no payload", packet(0x80, {}), {}},
      {"one CSRC", packet(0x81, {0, 0, 0, 1, 7, 8}), {7, 8}},
      {"extension of a word", packet(0x90, {0xbe, 0xde, 0, 1, 9, 9, 9, 9, 7}), {7}},
      {"empty extension", packet(0x90, {0, 0, 0, 0, 7}), {7}},
      {"padding of 3", packet(0xa0, {7, 8, 0, 0, 3}), {7, 8}},
      {"all of it", packet(0xb1, {0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 7, 1}), {7}},
      {"nothing but padding", packet(0xa0, {0, 0, 3}), {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const auto p = rtp::parse(row.datagram);
    REQUIRE(p);
    CHECK(Bytes(p->payload.begin(), p->payload.end()) == row.payload);
    CHECK(p->payload_type == 8);
    CHECK(p->marker);
    CHECK(p->sequence == 0x1234);
  }
}

TEST_CASE("rtp packet: what lies about its lengths is no packet") {
  const Bytes rows[] = {
      {},
      Bytes(11, 0x80),
      packet(0x40, {1}),                      // version 1
      packet(0x8f, {0, 0, 0, 1}),             // 15 CSRCs, one there
      packet(0x90, {0, 0}),                   // extension cut in its head
      packet(0x90, {0, 0, 0xff, 0xff, 1}),    // extension beyond the end
      packet(0xa0, {1, 2, 0}),                // padding of 0
      packet(0xa0, {1, 2, 200}),              // padding beyond the start
      packet(0xb0, {0, 0, 0, 1, 9, 9, 9, 6})  // padding into the extension
  };
  for (const auto& row : rows) CHECK_FALSE(rtp::parse(row));
}

TEST_CASE("rtp packet: RTCP on the same port is told apart") {
  auto report = packet(0x80, {});
  report[1] = 200;
  CHECK(rtp::is_rtcp(report));
  CHECK_FALSE(rtp::parse(report));
  CHECK_FALSE(rtp::is_rtcp(packet(0x80, {})));
}

TEST_CASE("rtp packet: garbage never reads beyond itself") {
  std::mt19937 random(1);
  unsigned packets = 0;
  for (int i = 0; i < 200'000; ++i) {
    Bytes garbage(random() % 40);
    for (auto& b : garbage) b = std::uint8_t(random());
    if (!garbage.empty() && i % 2) garbage[0] = std::uint8_t(0x80 | (garbage[0] & 0x3f));
    if (const auto p = rtp::parse(garbage)) {
      ++packets;
      REQUIRE(p->payload.size() + rtp::header_size <= garbage.size());
      if (!p->payload.empty()) {
        REQUIRE(p->payload.data() >= garbage.data());
        REQUIRE(p->payload.data() + p->payload.size() <= garbage.data() + garbage.size());
      }
    }
  }
  CHECK(packets > 1000);
}
