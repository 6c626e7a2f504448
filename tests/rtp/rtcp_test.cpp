#include "plugins/rtp/rtcp.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "plugins/rtp/mos.hpp"
#include "plugins/rtp/reception.hpp"

using namespace parley;
using namespace parley::rtp;

namespace {

const Rtcp full{
    .ssrc = 0x11223344,
    .sender = SenderInfo{.ntp = 0xdeadbeef80000000, .timestamp = 160, .packets = 5, .octets = 800},
    .block = ReportBlock{.ssrc = 7,
                         .fraction = 64,
                         .lost = -3,
                         .highest = 0x10005,
                         .jitter = 99,
                         .last_sr = 0xbeef8000,
                         .since_sr = 0x10000},
    .cname = "parley@10.0.0.1"};

std::vector<std::uint8_t> written(const Rtcp& rtcp) {
  std::vector<std::uint8_t> bytes(longest_rtcp);
  bytes.resize(write_rtcp(rtcp, bytes));
  return bytes;
}

// A stream of 20 ms packets with some left out.
struct Stream {
  Reception reception;
  Nanos now{0};

  void send(int from, int to, const std::vector<int>& without = {}, std::uint32_t ssrc = 1) {
    for (int n = from; n < to; ++n) {
      now += 20ms;
      if (std::find(without.begin(), without.end(), n) != without.end()) continue;
      reception.note(
          {.sequence = std::uint16_t(n), .timestamp = std::uint32_t(n) * 160, .ssrc = ssrc}, now,
          8000);
    }
  }
};

}  // namespace

TEST_CASE("rtcp: what is written is read back") {
  for (const bool sends : {true, false})
    for (const bool heard : {true, false})
      for (const bool bye : {true, false}) {
        auto rtcp = full;
        if (!sends) rtcp.sender.reset();
        if (!heard) rtcp.block.reset();
        rtcp.bye = bye;
        const auto bytes = written(rtcp);
        REQUIRE(!bytes.empty());
        CHECK(bytes.size() % 4 == 0);
        CHECK(is_rtcp(bytes));
        const auto read = parse_rtcp(bytes, 7);
        REQUIRE(read);
        CHECK(read->ssrc == full.ssrc);
        CHECK(read->sender == rtcp.sender);
        CHECK(read->block == rtcp.block);
        CHECK(read->cname == full.cname);
        CHECK(read->bye == bye);
        const auto other = parse_rtcp(bytes, 8);
        REQUIRE(other);
        CHECK_FALSE(other->block);
      }
}

TEST_CASE("rtcp: the bytes are those of RFC 3550") {
  const auto bytes = written({.ssrc = 1, .block = full.block, .cname = "a", .bye = true});
  const std::vector<std::uint8_t> expected{
      0x81, 201,  0,    7, 0,  0,    0,    1,                                // RR, one block
      0,    0,    0,    7, 64, 0xff, 0xff, 0xfd, 0, 1, 0,   5, 0, 0, 0, 99,  //
      0xbe, 0xef, 0x80, 0, 0,  1,    0,    0,                                //
      0x81, 202,  0,    2, 0,  0,    0,    1,    1, 1, 'a', 0,               // SDES, CNAME
      0x81, 203,  0,    1, 0,  0,    0,    1};                               // BYE
  CHECK(bytes == expected);
  std::vector<std::uint8_t> small(expected.size() - 1);
  CHECK(write_rtcp({.ssrc = 1, .block = full.block, .cname = "a", .bye = true}, small) == 0);
}

TEST_CASE("rtcp: blocks about others, packets of other types, padding of the last one") {
  auto bytes = written(full);
  const std::vector<std::uint8_t> app{0x80, 204, 0, 2, 0, 0, 0, 1, 'x', 'x', 'x', 'x'};
  bytes.insert(bytes.end(), app.begin(), app.end());
  CHECK(parse_rtcp(bytes, 7));
  auto padded = written(full);
  const std::vector<std::uint8_t> rr{0xa0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4};
  padded.insert(padded.end(), rr.begin(), rr.end());
  CHECK(parse_rtcp(padded, 7));
  padded.back() = 9;  // more than there is
  CHECK_FALSE(parse_rtcp(padded, 7));
}

TEST_CASE("rtcp: what is wrong is not read") {
  const auto good = written(full);
  CHECK_FALSE(parse_rtcp({}, 7));
  for (std::size_t size = 1; size < good.size(); ++size)
    if (size != 52) CHECK_FALSE(parse_rtcp(std::span(good).first(size), 7));  // 52: SR alone
  auto bytes = good;
  bytes[0] = 0x41;  // version 1
  CHECK_FALSE(parse_rtcp(bytes, 7));
  bytes = good;
  bytes[1] = 202;  // begins with no report
  CHECK_FALSE(parse_rtcp(bytes, 7));
  bytes = good;
  bytes[0] = 0x9f;  // 31 blocks in the room of one
  CHECK_FALSE(parse_rtcp(bytes, 7));
  bytes = good;
  bytes[0] |= 0x20;  // padding of the first
  CHECK_FALSE(parse_rtcp(bytes, 7));
}

TEST_CASE("rtcp: any bytes are read within their bounds") {
  std::mt19937 random(1);
  const auto good = written(full);
  for (int i = 0; i < 200'000; ++i) {
    auto bytes = good;
    for (auto n = random() % 6; n > 0; --n) bytes[random() % bytes.size()] = std::uint8_t(random());
    bytes.resize(random() % (bytes.size() + 1));
    const std::vector<std::uint8_t> exact(bytes);  // so that a sanitizer sees its end
    if (const auto read = parse_rtcp(exact, 7)) REQUIRE(read->cname.size() <= exact.size());
  }
}

TEST_CASE("reception: what was lost, since the start and since the last report") {
  Stream s;
  CHECK_FALSE(s.reception.block());
  s.send(65500, 65600, {65510, 65511});
  auto block = s.reception.block();
  REQUIRE(block);
  CHECK(block->lost == 2);
  CHECK(block->fraction == 2 * 256 / 100);
  CHECK(block->highest == 65599);  // the sequence has wrapped
  CHECK(block->jitter == 0);
  s.send(65600, 65610, {65601, 65602, 65603, 65604, 65605});
  block = s.reception.block();
  CHECK(block->lost == 7);
  CHECK(block->fraction == 128);
  s.send(65605, 65610);  // they come at last, in a second way
  block = s.reception.block();
  CHECK(block->lost == 2);
  CHECK(block->fraction == 0);
  s.send(100, 150, {}, 2);  // another stream
  block = s.reception.block();
  CHECK(block->ssrc == 2);
  CHECK(block->lost == 0);
  CHECK(s.reception.packets() == 98 + 5 + 5 + 50);
}

TEST_CASE("reception: the jitter is that of RFC 3550") {
  Reception even, uneven, silent;
  for (int n = 0; n < 500; ++n) {
    const Packet p{.sequence = std::uint16_t(n), .timestamp = std::uint32_t(n) * 960, .ssrc = 1};
    even.note(p, 20ms * n, 48000);
    uneven.note(p, 20ms * n + n % 2 * 10ms, 48000);
    silent.note(p, 20ms * n + n / 250 * 30s, 48000);  // it fell silent once
  }
  CHECK(even.jitter() == Nanos(0));
  CHECK(uneven.jitter() > 9ms);
  CHECK(uneven.jitter() < 11ms);
  CHECK(uneven.block()->jitter > 9 * 48);
  CHECK(silent.jitter() == Nanos(0));
}

TEST_CASE("mos: falls with loss and with delay, as the E-model has it") {
  CHECK(mean_opinion_score({}) > 4.40);
  CHECK(mean_opinion_score({}) < 4.42);
  CHECK(transmission_rating({.delay = 150ms}) == doctest::Approx(93.2 - 3.6));
  CHECK(transmission_rating({.delay = 300ms}) == doctest::Approx(93.2 - 7.2 - .11 * 122.7));
  CHECK(transmission_rating({.loss_percent = 5}) == doctest::Approx(93.2 - 95 * 5 / 30.1));
  CHECK(mean_opinion_score({.loss_percent = 1}) > 4.2);
  CHECK(mean_opinion_score({.loss_percent = 10}) < 3.5);
  CHECK(mean_opinion_score({.delay = 2s, .loss_percent = 100}) == 1);
  CHECK(mean_opinion_score({.codec = "opus", .loss_percent = 10}) >
        mean_opinion_score({.codec = "PCMA", .loss_percent = 10}));
}

TEST_CASE("mos: wide-band codecs are on the wide-band scale, by the ITU's figures for them") {
  const auto rating = [](std::string_view codec, std::optional<int> mode = {}, double loss = 0) {
    return transmission_rating({.codec = codec, .rate = 16000, .mode = mode, .loss_percent = loss});
  };
  // G.113 (09/2024), table IV.1.
  constexpr double amr_wb[] = {41, 26, 13, 10, 7, 5, 3, 1, 8};
  for (int mode = 0; mode < 9; ++mode) {
    CAPTURE(mode);
    CHECK(rating("AMR-WB", mode) == doctest::Approx(129 - amr_wb[mode]));
  }
  CHECK(rating("AMR-WB") == rating("AMR-WB", 2));
  CHECK(rating("G722") == doctest::Approx(116));
  CHECK(rating("L16") == doctest::Approx(129));
  CHECK(rating("opus") == doctest::Approx(121));
  // Table IV.4: 4.3 at 12.65 kbit/s.
  CHECK(rating("AMR-WB", 2, 2) == doctest::Approx(129 - 13 - 82 * 2 / 6.3));
  const auto score = [](std::string_view codec, std::optional<int> mode = {}) {
    return mean_opinion_score({.codec = codec, .rate = 16000, .mode = mode});
  };
  CHECK(score("L16") == doctest::Approx(4.5));  // G.107.1, annex A
  CHECK(score("AMR-WB", 2) == doctest::Approx(4.34).epsilon(.002));
  CHECK(score("AMR-WB", 0) == doctest::Approx(3.51).epsilon(.002));
  CHECK(mean_opinion_score({.codec = "L16"}) == mean_opinion_score({}));
  CHECK(mean_opinion_score({.codec = "opus"}) == mean_opinion_score({}));  // at 8 kHz
}
