#include "plugins/rtp/rtcp_session.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace parley;
using namespace parley::rtp;

namespace {

constexpr std::int64_t utc_us = 1'700'000'000'000'000;

std::vector<std::uint8_t> rtp_packet(int n, std::uint32_t ssrc) {
  std::vector<std::uint8_t> bytes(header_size + 160);
  write({.sequence = std::uint16_t(n),
         .timestamp = std::uint32_t(n) * 160,
         .ssrc = ssrc,
         .payload = std::span(bytes).subspan(header_size)},
        bytes);
  return bytes;
}

// Two ends whose datagrams take `way`; of one's every tenth packet is lost.
struct Call {
  static constexpr Nanos way = 30ms;
  RtcpSession a{1, "a@x", 0ms, utc_us}, b{2, "b@y", 0ms, utc_us + 3'000'000};  // clocks differ
  SentRtp a_sent, b_sent;
  Nanos now{0};

  void exchange(int packets) {
    for (int n = 0; n < packets; ++n, now += 20ms) {
      const auto from_a = rtp_packet(n, 0xa), from_b = rtp_packet(n, 0xb);
      a_sent.note(from_a, 8000, now);
      b_sent.note(from_b, 8000, now);
      if (n % 10 != 5) b.heard(*parse(from_a), now + way, 8000);
      a.heard(*parse(from_b), now + way, 8000);
      if (now >= a.next()) b.received(a.report(a_sent, now), b_sent, now + way);
      if (now >= b.next()) a.received(b.report(b_sent, now), a_sent, now + way);
    }
  }
};

}  // namespace

TEST_CASE("rtcp session: both ends learn the round trip, and what of theirs was lost") {
  Call c;
  c.exchange(3000);
  CHECK(c.a.quality().round_trip_ms == doctest::Approx(60).epsilon(.02));
  CHECK(c.b.quality().round_trip_ms == doctest::Approx(60).epsilon(.02));
  CHECK(c.a.quality().far_lost_percent == doctest::Approx(10).epsilon(.06));
  CHECK(c.b.quality().lost_percent == doctest::Approx(10).epsilon(.06));
  CHECK(c.a.quality().lost_percent == 0);
  CHECK(c.b.quality().far_lost_percent == 0);
  CHECK(c.a.far_lost() > 250);
  CHECK(c.b.far_lost() == 0);
  CHECK_FALSE(c.b.far_left());
  CHECK(c.b.deaf_reports() == 0);
  c.b.received(c.a.report(c.a_sent, c.now, true), c.b_sent, c.now);
  CHECK(c.b.far_left());
}

TEST_CASE("rtcp session: reports leave every five seconds on average, not in step") {
  std::vector<Nanos> first;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RtcpSession s(seed, "x", 10s, utc_us);
    first.push_back(s.next());
    CHECK(s.next() >= 11s);
    CHECK(s.next() <= 13100ms);
    Nanos now = s.next();
    const Nanos start = now;
    for (int i = 0; i < 200; ++i) {
      s.report({}, now);
      CHECK(s.next() - now >= 2s);
      CHECK(s.next() - now <= 6200ms);
      now = s.next();
    }
    CHECK((now - start) / 200 > 3700ms);  // 5 s over e - 3/2
    CHECK((now - start) / 200 < 4500ms);
  }
  std::sort(first.begin(), first.end());
  CHECK(std::unique(first.begin(), first.end()) - first.begin() > 18);
}

TEST_CASE("rtcp session: who has sent nothing lately sends a receiver report") {
  RtcpSession s(1, "x", 0ms, utc_us);
  auto read = parse_rtcp(s.report({}, 1s), 0);
  REQUIRE(read);
  CHECK_FALSE(read->sender);
  CHECK_FALSE(read->block);
  SentRtp sent;
  for (int n = 0; n < 3; ++n) sent.note(rtp_packet(n, 9), 8000, 1s + n * 20ms);
  read = parse_rtcp(s.report(sent, 1140ms), 0);
  REQUIRE(read->sender);
  CHECK(read->ssrc == 9);
  CHECK(read->sender->packets == 3);
  CHECK(read->sender->octets == 480);
  CHECK(read->sender->timestamp == 320 + 800);  // 100 ms after the last packet
  CHECK((read->sender->ntp >> 32) == 1'700'000'001 + 2'208'988'800);
  CHECK_FALSE(parse_rtcp(s.report(sent, 5s), 0)->sender);
}

TEST_CASE("rtcp session: a far end that hears nothing of ours says so by its reports") {
  Call c;
  SentRtp sent;
  sent.note(rtp_packet(1, 0xa), 8000, 0ms);
  for (int n = 1; n <= 3; ++n) {
    c.a.received(c.b.report(c.b_sent, 5s * n), sent, 5s * n);
    CHECK(c.a.deaf_reports() == n);
  }
  CHECK(c.a.far_lost() == -1);
  c.b.heard(*parse(rtp_packet(1, 0xa)), 16s, 8000);
  c.a.received(c.b.report(c.b_sent, 20s), sent, 20s);
  CHECK(c.a.deaf_reports() == 0);
  CHECK(c.a.far_lost() == 0);
}

TEST_CASE("rtcp session: garbage is counted and changes nothing") {
  Call c;
  c.exchange(1000);
  const auto before = c.a.quality().round_trip_ms;
  c.a.received(std::vector<std::uint8_t>{0x80, 200, 0, 6, 1}, c.a_sent, c.now);
  CHECK(c.a.counters().malformed == 1);
  CHECK(c.a.quality().round_trip_ms == before);
  // A block that answers a report we never sent: no round trip of a day.
  std::vector<std::uint8_t> bytes(longest_rtcp);
  bytes.resize(write_rtcp({.ssrc = 5, .block = ReportBlock{.ssrc = 0xa, .last_sr = 1}}, bytes));
  c.a.received(bytes, c.a_sent, c.now);
  CHECK(c.a.quality().round_trip_ms == before);
}
