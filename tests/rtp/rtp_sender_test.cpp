#include "plugins/rtp/rtp_sender.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "plugins/rtp/g711.hpp"

using namespace parley;

namespace {

const std::vector<std::int16_t> frame(160, 1000);

struct Bench : rtp::RtpSender::Listener {
  struct Got {
    rtp::Packet packet;
    std::vector<std::uint8_t> payload;
  };
  rtp::RtpSender sender;
  std::vector<Got> got;

  explicit Bench(const char* map, unsigned packet_ms = 20, std::uint64_t seed = 7)
      : sender(*this, seed) {
    use(map, packet_ms);
  }
  void use(const char* map, unsigned packet_ms) {
    auto parsed = rtp::PayloadMap::parse(map);
    REQUIRE(parsed);
    sender.use(*std::move(parsed), packet_ms);
  }
  void on_packet(std::span<const std::uint8_t> bytes) override {
    const auto p = rtp::parse(bytes);
    REQUIRE(p);
    got.push_back({*p, {p->payload.begin(), p->payload.end()}});
  }
};

}  // namespace

TEST_CASE("rtp sender: sequences go on by one, timestamps with time, markers start spurts") {
  Bench b("8=PCMA/8000");
  struct Row {
    bool talking;
    Nanos pass;  // before it
    bool marker;
  };
  constexpr Row rows[] = {{false, 0ms, false}, {true, 0ms, true},    {true, 0ms, false},
                          {false, 0ms, false}, {false, 40ms, false}, {true, 60ms, true}};
  for (const auto& row : rows) {
    b.sender.pass(row.pass);
    b.sender.push(frame, 8000, row.talking);
    const auto& p = b.got.back();
    CHECK(p.packet.payload_type == 8);
    CHECK(p.payload.size() == 160);
    CHECK(p.payload[0] == g711::encode(g711::Law::a, 1000));
    CHECK(p.packet.marker == row.marker);
    if (b.got.size() < 2) continue;
    const auto& before = b.got[b.got.size() - 2].packet;
    CHECK(p.packet.sequence == std::uint16_t(before.sequence + 1));
    CHECK(p.packet.timestamp == before.timestamp + 160 + row.pass / 125us);
    CHECK(p.packet.ssrc == before.ssrc);
  }
}

TEST_CASE("rtp sender: the seed decides where a stream starts") {
  const auto first = [](std::uint64_t seed) {
    Bench b("0=PCMU/8000", 20, seed);
    b.sender.push(frame, 8000, true);
    return b.got.front().packet;
  };
  CHECK(first(1).ssrc == first(1).ssrc);
  CHECK(first(1).sequence == first(1).sequence);
  CHECK(first(1).ssrc != first(2).ssrc);
}

TEST_CASE(
    "rtp sender: a packet of 30 ms takes a frame and a half; time that passes meanwhile counts") {
  Bench b("0=PCMU/8000", 30);
  b.sender.push(frame, 8000, true);
  CHECK(b.got.empty());
  CHECK(b.sender.half());
  b.sender.pass(100ms);  // a stall: the packet that is begun keeps its time
  b.sender.push(frame, 8000, true);
  b.sender.push(frame, 8000, true);
  REQUIRE(b.got.size() == 2);
  CHECK_FALSE(b.sender.half());
  CHECK(b.got[0].payload.size() == 240);
  CHECK(b.got[1].packet.timestamp - b.got[0].packet.timestamp == 240 + 800);
}

TEST_CASE("rtp sender: another codec comes in where a packet ends") {
  Bench b("0=PCMU/8000", 40);
  b.sender.push(frame, 8000, true);
  b.use("9=G722/8000", 20);
  b.sender.push(frame, 8000, true);
  b.sender.push(frame, 8000, true);
  REQUIRE(b.got.size() == 2);
  CHECK(b.got[0].packet.payload_type == 0);
  CHECK(b.got[0].payload.size() == 320);
  CHECK(b.got[1].packet.payload_type == 9);
  CHECK(b.got[1].payload.size() == 160);
  CHECK(b.got[1].packet.timestamp == b.got[0].packet.timestamp + 320);
}

TEST_CASE("rtp sender: what Opus leaves out in silence takes time and no sequence number") {
  Bench b("111=opus/48000;usedtx=1");
  const std::vector<std::int16_t> silence(320, 0);
  for (int i = 0; i < 300; ++i) b.sender.push(silence, 16000, false);
  const auto sent = b.got.size();
  CHECK(sent < 100);
  const std::vector<std::int16_t> loud(320, 9000);
  b.sender.push(loud, 16000, true);
  REQUIRE(b.got.size() == sent + 1);
  const auto &first = b.got.front().packet, &last = b.got.back().packet;
  CHECK(last.sequence == std::uint16_t(first.sequence + sent));
  CHECK(last.timestamp - first.timestamp == 300 * 960);
  CHECK(last.marker);
}

TEST_CASE("rtp sender: with DTX a codec that has a way describes silence, and time goes on") {
  Bench b("104=AMR-WB/16000");
  b.sender.set_dtx(true);
  const std::vector<std::int16_t> silence(320, 0);
  for (int i = 0; i < 200; ++i) b.sender.push(silence, 16000, false);
  const auto sent = b.got.size();
  CHECK(sent > 200 / 10);
  CHECK(sent < 200 / 4);
  b.use("105=AMR-WB/16000;octet-align=1", 20);  // it goes for the next encoder, too
  for (int i = 0; i < 200; ++i) b.sender.push(silence, 16000, false);
  CHECK(b.got.size() < sent + 200 / 4);
  const auto &first = b.got.front().packet, &last = b.got.back().packet;
  CHECK(last.timestamp - first.timestamp > 380 * 320);
  CHECK(last.sequence == std::uint16_t(first.sequence + b.got.size() - 1));
  CHECK_FALSE(last.marker);
}

TEST_CASE("rtp sender: telephone events of the codec's clock, or of the other") {
  struct Row {
    const char* map;
    int type;
    unsigned duration;  // of 20 ms
  };
  constexpr Row rows[] = {
      {"111=opus/48000,101=telephone-event/8000,110=telephone-event/48000", 110, 960},
      {"111=opus/48000,101=telephone-event/8000", 101, 160},
      {"9=G722/8000,101=telephone-event/8000,110=telephone-event/48000", 101, 160}};
  for (const auto& row : rows) {
    CAPTURE(row.map);
    Bench b(row.map);
    CHECK_FALSE(b.sender.press("1F"));
    REQUIRE(b.sender.press("1"));
    b.sender.push_key(20ms);
    REQUIRE(b.got.size() == 1);
    CHECK(b.got[0].packet.payload_type == row.type);
    CHECK(b.got[0].payload[2] * 256U + b.got[0].payload[3] == row.duration);
  }
  Bench none("0=PCMU/8000");
  CHECK_FALSE(none.sender.press("1"));
}

TEST_CASE("rtp sender: more keys than can wait are refused") {
  Bench b("0=PCMU/8000,101=telephone-event/8000");
  CHECK(b.sender.press(std::string(rtp::DtmfSender::most_keys, '1')));
  CHECK_FALSE(b.sender.press("2"));
  int ticks = 0;
  for (; b.sender.pressing(); ++ticks) b.sender.push_key(10ms);
  CHECK(ticks == 16 * int(rtp::DtmfSender::most_keys));
}
