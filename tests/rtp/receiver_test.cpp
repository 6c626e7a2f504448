#include "plugins/rtp/receiver.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "plugins/rtp/g711.hpp"

using namespace parley;

namespace {

constexpr Address caller{0x0a000001, 4000}, stranger{0xc0000201, 9};

// A receiver, what it gave, and a sender that can be made to misbehave.
struct Bench : rtp::Receiver::Listener {
  rtp::Receiver receiver{*this, *rtp::PayloadMap::parse("0=PCMU/8000,8=PCMA/8000,9=G722/8000,"
                                                        "111=opus/48000,101=telephone-event/8000")};
  std::vector<std::int16_t> audio;  // everything, as one timeline
  Nanos start{-1}, end{0};
  int leaps = 0;
  unsigned rate = 0;  // of what came last
  std::vector<KeyPress> keys;
  std::vector<Address> sources;
  int firsts = 0;
  Nanos now{0};

  void on_audio(Nanos at, std::span<const std::int16_t> samples, unsigned hz, bool leap) override {
    rate = hz;
    if (start < Nanos(0)) start = at;
    if (!leap) CHECK(at == end);
    leaps += leap;
    end = at + Nanos(1s) / hz * std::int64_t(samples.size());
    audio.insert(audio.end(), samples.begin(), samples.end());
  }
  void on_key(const KeyPress& press) override { keys.push_back(press); }
  void on_source(const Address& source) override { sources.push_back(source); }
  void on_first(const Address&, int) override { ++firsts; }

  void to(Nanos when) {  // as the owner's timer would
    while (receiver.deadline() && *receiver.deadline() <= when) {
      now = std::max(now, *receiver.deadline());
      receiver.tick(now);
    }
    now = std::max(now, when);
  }
  void raw(std::span<const std::uint8_t> bytes, const Address& from = caller) {
    receiver.packet(bytes, from, caller, now);
  }
  void send(int type, int sequence, std::uint32_t timestamp, std::vector<std::uint8_t> payload,
            std::uint32_t ssrc = 1, const Address& from = caller) {
    std::vector<std::uint8_t> bytes(rtp::header_size + payload.size());
    rtp::write({.payload_type = std::uint8_t(type),
                .sequence = std::uint16_t(sequence),
                .timestamp = timestamp,
                .ssrc = ssrc,
                .payload = payload},
               bytes);
    raw(bytes, from);
  }
  // Packet `n` of a stream of `ms` a packet, at its time.
  void voice(int n, int ms = 20, int value = 1000) {
    to(Nanos(1ms) * ms * (n + 1));
    const auto size = std::size_t(ms * 8);
    send(0, n, std::uint32_t(n * ms * 8),
         std::vector<std::uint8_t>(size, g711::encode(g711::Law::mu, std::int16_t(value))));
  }
  void send_loud(int n) {  // the same, now
    send(0, n, std::uint32_t(n * 160),
         std::vector<std::uint8_t>(160, g711::encode(g711::Law::mu, 1000)));
  }
  std::size_t silent() const { return std::size_t(std::count(audio.begin(), audio.end(), 0)); }
};

const std::int16_t heard = g711::decode(g711::Law::mu, g711::encode(g711::Law::mu, 1000));

}  // namespace

TEST_CASE("receiver: audio starts where its first packet did and goes on by timestamps") {
  for (const int ms : {10, 20, 30, 60}) {
    CAPTURE(ms);
    Bench b;
    b.now = 1s;
    for (int n = 0; n < 10; ++n) {
      b.now = 1s + Nanos(1ms) * ms * n;
      b.send(n % 2 ? 0 : 8, n, std::uint32_t(n * ms * 8), std::vector<std::uint8_t>(ms * 8u, 0xd5));
    }
    CHECK(b.start == 1s - Nanos(1ms) * ms);
    CHECK(b.audio.size() == std::size_t(ms * 80));
    CHECK(b.leaps == 1);
    CHECK(b.firsts == 1);
    CHECK(b.sources == std::vector<Address>{caller});
  }
}

TEST_CASE("receiver: a lost packet is made up by what was heard before, fading") {
  Bench b;
  for (int n = 0; n < 20; ++n)
    if (n != 10) b.voice(n);
  CHECK(b.audio.size() == 20 * 160);
  CHECK(b.audio[10 * 160 - 1] == heard);
  CHECK(b.audio[10 * 160] == heard);
  CHECK(b.audio[11 * 160 - 1] < heard * 0.85);
  CHECK(b.audio[11 * 160 - 1] > heard * 0.75);
  CHECK(b.audio[11 * 160 + 80] == heard);  // blended into by then
  CHECK(b.receiver.counters().lost == 1);
  CHECK(b.receiver.counters().concealed_ms == 20);
}

TEST_CASE("receiver: comfort noise is heard as loud as the far end says") {
  Bench b;
  for (int n = 0; n < 10; ++n) b.voice(n);
  b.to(220ms);
  b.send(13, 10, 1600, {50});
  b.to(1s);
  double sum = 0;
  for (std::size_t i = 2400; i < b.audio.size(); ++i) sum += double(b.audio[i]) * b.audio[i];
  const double level = std::sqrt(sum / double(b.audio.size() - 2400));
  CHECK(level > 80);
  CHECK(level < 130);
  CHECK(b.end > 900ms);
}

TEST_CASE("receiver: a caller that sends no silence is heard as silent, at the right length") {
  Bench b;
  for (int n = 0; n < 50; ++n) b.voice(n);
  b.to(1500ms);  // nothing since 1 s
  CHECK(b.end >= 1400ms);
  CHECK(b.end <= 1500ms);
  CHECK(b.leaps == 1);
  for (int n = 100; n < 110; ++n) {  // the timestamps went on, the sequence did not
    b.to(Nanos(1ms) * 20 * (n + 1));
    b.send(0, n - 50, std::uint32_t(n * 160), std::vector<std::uint8_t>(160, 0x80));
  }
  CHECK(b.end == 2200ms);
  CHECK(b.audio.size() == 2200 * 8);
  CHECK(b.silent() > 900 * 8);
  CHECK(b.receiver.counters().lost == 0);
}

TEST_CASE("receiver: after a stall what was held up is heard, but no more than 200 ms ahead") {
  Bench b;
  for (int n = 0; n < 50; ++n) b.voice(n);
  b.to(2s);
  const auto before = b.audio.size();
  for (int n = 50; n < 100; ++n)
    b.send(0, n, std::uint32_t(n * 160), std::vector<std::uint8_t>(160, 0x80));
  CHECK(b.end > 2s + 150ms);
  CHECK(b.end <= 2s + 200ms);
  CHECK(b.audio.size() > before);
  CHECK(b.receiver.counters().late > 30);
}

TEST_CASE("receiver: a lead is worked off in the next silence") {
  Bench b;
  for (int n = 0; n < 50; ++n) b.voice(n);
  b.to(1200ms);
  for (int n = 50; n < 60; ++n) b.voice(n);  // held up, then all at once
  CHECK(b.end - b.now > 80ms);
  for (int n = 60; n < 100; ++n) b.voice(n, 20, 5);
  CHECK(b.end - b.now <= 60ms);
  for (int n = 100; n < 110; ++n) b.voice(n);
  CHECK(std::count(b.audio.begin(), b.audio.end(), heard) >= 70 * 160);
}

TEST_CASE("receiver: clocks that drift are followed for an hour of call") {
  for (const double ppm : {-300.0, 300.0}) {
    CAPTURE(ppm);
    Bench b;
    for (int n = 0; n < 3600 * 50; ++n) {
      b.to(Nanos(std::int64_t((n + 1) * 20e6 * (1 + ppm * 1e-6))));
      b.send(0, n, std::uint32_t(n) * 160, std::vector<std::uint8_t>(160, 0x80));
      if (std::abs((b.end - b.now).count()) > 220'000'000) FAIL("away by ", to_ms(b.end - b.now));
    }
    CHECK(b.leaps == 1);
    CHECK(b.receiver.counters().late < 100);
    b.audio.clear();
  }
}

TEST_CASE("receiver: a key press is one key, with audio around it or instead of it") {
  for (const bool audio_too : {false, true}) {
    CAPTURE(audio_too);
    Bench b;
    int sequence = 0;
    for (int n = 0; n < 40; ++n) {
      b.to(Nanos(1ms) * 20 * (n + 1));
      const bool key = n >= 10 && n < 15;
      const auto duration = std::uint8_t(std::min(n - 9, 5));
      if (!key || audio_too)
        b.send(0, sequence++, std::uint32_t(n * 160), std::vector<std::uint8_t>(160, 0x80));
      if (key) b.send(101, sequence++, 1600, {7, std::uint8_t(n == 14 ? 0x8a : 0x0a), duration, 0});
    }
    CHECK(b.keys == std::vector<KeyPress>{{'7', 5 * 256 / 8}});
    CHECK(b.end == 800ms);
    CHECK(b.receiver.counters().lost == 0);
  }
}

TEST_CASE(
    "receiver: keys out of a capture are keys in any order, and as often as they are played") {
  Bench b;
  // As sipp's captures have them: sequence, timestamp.
  const auto play = [&b](int key, int sequence, std::uint32_t timestamp) {
    b.to(b.now + 400ms);
    for (int n = 0; n < 10; ++n) {  // the end three times under one sequence number
      const int of = std::min(n, 7);
      if (n < 8) b.to(b.now + 20ms);
      b.send(101, sequence + of, timestamp,
             {std::uint8_t(key), std::uint8_t(of == 7 ? 0x8a : 0x0a), std::uint8_t(of), 0});
    }
  };
  for (int n = 0; n < 10; ++n) b.voice(n);
  const std::string_view keys = "98802";
  play(9, 8293, 67840);
  play(8, 8253, 60800);  // back
  play(8, 8253, 60800);  // the same once more
  play(0, 12080, 17632);
  play(2, 8042, 23200);
  b.to(b.now + 1s);
  REQUIRE(b.keys.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) CHECK(b.keys[i] == KeyPress{keys[i], 224});
}

TEST_CASE("receiver: a key whose end is lost ends by itself") {
  Bench b;
  b.voice(0);
  b.send(101, 1, 320, {11, 10, 1, 0});
  CHECK(b.keys.empty());
  b.to(200ms);
  CHECK(b.keys == std::vector<KeyPress>{{'#', 32}});
}

TEST_CASE("receiver: the sender may start anew with another SSRC") {
  Bench b;
  for (int n = 0; n < 10; ++n) b.voice(n);
  for (int n = 0; n < 10; ++n) {
    b.to(Nanos(1ms) * 20 * (n + 11));
    b.send(0, 4000 + n, 77 + std::uint32_t(n * 160), std::vector<std::uint8_t>(160, 0x80), 2);
  }
  CHECK(b.end == 400ms);
  CHECK(b.receiver.counters().received == 19);
  CHECK(b.receiver.counters().foreign == 1);  // its first packet, not yet believed
}

TEST_CASE("receiver: a key in a new stream is one, whatever the timestamps before it were") {
  Bench b;
  for (int n = 0; n < 10; ++n) b.voice(n);
  b.send(101, 10, 0x7000'0000, {1, 0x8a, 1, 0});
  for (int n = 0; n < 10; ++n) {
    b.to(Nanos(1ms) * 20 * (n + 11));
    b.send(0, 4000 + n, std::uint32_t(n * 160), std::vector<std::uint8_t>(160, 0x80), 2);
  }
  b.send(101, 4010, 1600, {2, 0x8a, 1, 0}, 2);
  CHECK(b.keys == std::vector<KeyPress>{{'1', 32}, {'2', 32}});
}

TEST_CASE("receiver: strangers are counted and not heard") {
  Bench b;
  for (int n = 0; n < 10; ++n) {
    b.voice(n);
    b.send(0, 1, 1, std::vector<std::uint8_t>(160, 0), 9, stranger);
  }
  CHECK(b.audio == std::vector<std::int16_t>(1600, heard));
  CHECK(b.receiver.counters().foreign == 10);
  CHECK(b.sources == std::vector<Address>{caller});
}

TEST_CASE("receiver: packets of 20 ms tell where on the grid they arrive") {
  Bench b;
  std::mt19937 random(5);
  for (int n = 0; n < 200; ++n) {
    b.to(Nanos(1ms) * (20 * n + 7) + Nanos(1us) * (random() % 2000));
    b.send(0, n, std::uint32_t(n * 160), std::vector<std::uint8_t>(160, 0x80));
  }
  REQUIRE(b.receiver.arrival());
  const auto place = *b.receiver.arrival() % 20ms;
  CHECK(place > 7ms);
  CHECK(place < 9ms);
  Bench uneven;
  uneven.voice(0, 30);
  CHECK_FALSE(uneven.receiver.arrival());
}

TEST_CASE("receiver: garbage on the port harms nothing") {
  Bench b;
  std::mt19937 random(6);
  for (int n = 0; n < 2000; ++n) {
    b.voice(n);
    for (int i = 0; i < 5; ++i) {
      std::vector<std::uint8_t> garbage(random() % 300);
      for (auto& byte : garbage) byte = std::uint8_t(random());
      if (!garbage.empty() && i < 3) garbage[0] = 0x80;
      if (garbage.size() > 1 && i < 2) garbage[1] = i ? 101 : 0;
      b.raw(garbage, i % 2 ? caller : stranger);
    }
  }
  CHECK(b.end == 40s);
  CHECK(b.leaps == 1);
  CHECK(std::count(b.audio.begin(), b.audio.end(), heard) == 2000 * 160);
  CHECK(b.receiver.counters().malformed > 0);
  CHECK(b.receiver.counters().foreign > 0);
}

TEST_CASE("receiver: RTCP and comfort noise are neither audio nor a fault") {
  Bench b;
  b.voice(0);
  b.raw(std::vector<std::uint8_t>{0x80, 200, 0, 1, 0, 0, 0, 1});
  b.to(40ms);
  b.send(13, 1, 160, {60});
  b.voice(2);
  CHECK(b.audio.size() == 480);
  CHECK(b.receiver.counters().malformed == 0);
  CHECK(b.receiver.counters().lost == 0);
}

TEST_CASE("receiver: a way that becomes longer costs its length once, and not the call (P20)") {
  for (const int longer_ms : {60, 100, 240, 300, 600, 930, 1500}) {
    CAPTURE(longer_ms);
    Bench b;
    for (int n = 0; n < 600; ++n) {
      b.to(20ms * (n + 1) + (n < 50 ? Nanos(0) : 1ms * longer_ms));
      b.send_loud(n);
    }
    const auto frames = int(b.audio.size() / 160), loud = frames - int(b.silent() / 160);
    const int longer = longer_ms / 20;
    CHECK(loud >= 600 - longer - 20);
    CHECK(frames >= 600);
    CHECK(frames <= 600 + longer + 20);
    const auto late_before = b.receiver.counters().late;
    b.to(20ms * 601 + 1ms * longer_ms);
    b.send_loud(600);
    CHECK(b.receiver.counters().late == late_before);
  }
}

TEST_CASE("receiver: after a stall, what comes in a burst does not make the call deaf (P20)") {
  for (const int stall_ms : {100, 300, 600, 930, 1500, 3000}) {
    CAPTURE(stall_ms);
    Bench b;
    const Nanos until = 20ms * 51 + 1ms * stall_ms;
    for (int n = 0; n < 600; ++n) {
      const Nanos at = 20ms * (n + 1);
      if (n == 50) b.now = until;  // nobody looked meanwhile
      b.to(n < 50 ? at : std::max(at, until));
      b.send_loud(n);
    }
    const auto frames = int(b.audio.size() / 160), loud = frames - int(b.silent() / 160);
    const int stall = stall_ms / 20;
    CHECK(loud >= 600 - stall - 15);
    CHECK(frames >= 600 - stall);
    CHECK(frames <= 600 + 15);
  }
}
