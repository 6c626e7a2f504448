#include "plugins/rtp/jitter_buffer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

using namespace parley;
using rtp::JitterBuffer;

namespace {

// A buffer whose output is text: "5" a packet, "x" a lost one, "|" before the first of a stream.
struct Bench {
  JitterBuffer buffer;
  std::string log;

  void put(int sequence, int at_ms, std::uint32_t ssrc = 1) {
    const std::uint8_t payload[] = {std::uint8_t(sequence)};
    buffer.put({.sequence = std::uint16_t(sequence),
                .timestamp = std::uint32_t(sequence) * 160,
                .ssrc = ssrc,
                .payload = payload},
               Nanos(1ms) * at_ms);
    drain(at_ms);
  }
  void drain(int at_ms) {
    while (const auto out = buffer.next(Nanos(1ms) * at_ms)) {
      if (out->restart) log += '|';
      if (out->lost) {
        log += "x ";
        continue;
      }
      CHECK(out->packet.payload.size() == 1);
      CHECK(out->packet.payload[0] == std::uint8_t(out->packet.sequence));
      log += std::to_string(out->packet.sequence) + ' ';
    }
  }
};

}  // namespace

TEST_CASE("jitter buffer: what is in order passes at once") {
  Bench b;
  for (int i = 10; i < 15; ++i) {
    b.put(i, i * 20);
    CHECK_FALSE(b.buffer.deadline());
  }
  CHECK(b.log == "|10 11 12 13 14 ");
}

TEST_CASE("jitter buffer: behind a gap packets wait until it is filled") {
  Bench b;
  b.put(1, 0);
  b.put(3, 20);
  b.put(4, 25);
  CHECK(b.log == "|1 ");
  CHECK(b.buffer.deadline() == 40ms);  // 20 ms after the first that waits
  b.put(2, 30);
  CHECK(b.log == "|1 2 3 4 ");
  CHECK(b.buffer.counters().early == 2);
  CHECK(b.buffer.counters().lost == 0);
}

TEST_CASE("jitter buffer: what does not come in time is lost; what comes then is late") {
  Bench b;
  b.put(1, 0);
  b.put(4, 20);
  b.drain(39);
  CHECK(b.log == "|1 ");
  b.drain(40);
  CHECK(b.log == "|1 x x 4 ");
  CHECK(b.buffer.counters().lost == 2);
  b.put(2, 41);
  CHECK(b.log == "|1 x x 4 ");
  CHECK(b.buffer.counters().late == 1);
  CHECK(b.buffer.counters().lost == 1);
}

TEST_CASE("jitter buffer: a second gap is waited for on its own") {
  Bench b;
  b.put(1, 0);
  b.put(3, 20);
  b.put(5, 35);
  b.drain(40);
  CHECK(b.log == "|1 x 3 ");
  CHECK(b.buffer.deadline() == 55ms);
  b.put(4, 50);
  CHECK(b.log == "|1 x 3 4 5 ");
}

TEST_CASE("jitter buffer: duplicates are counted and dropped, held or played") {
  Bench b;
  b.put(1, 0);
  b.put(1, 1);
  b.put(3, 20);
  b.put(3, 21);
  b.put(2, 22);
  b.put(2, 23);
  CHECK(b.log == "|1 2 3 ");
  CHECK(b.buffer.counters().duplicates == 3);
  CHECK(b.buffer.counters().received == 6);
}

TEST_CASE("jitter buffer: the sequence wraps") {
  Bench b;
  b.put(65534, 0);
  b.put(0, 20);
  b.put(65535, 30);
  b.put(1, 40);
  CHECK(b.log == "|65534 65535 0 1 ");
}

TEST_CASE("jitter buffer: when too much is missing it goes on where the stream goes on") {
  Bench b;
  b.put(1, 0);
  b.put(3, 20);
  b.put(200, 30);
  CHECK(b.log == "|1 x 3 200 ");
  CHECK(b.buffer.counters().lost == 197);
  b.put(201, 40);
  CHECK(b.log == "|1 x 3 200 201 ");
}

TEST_CASE("jitter buffer: a new stream is believed at its second packet in a row") {
  Bench b;
  b.put(1, 0);
  b.put(500, 10, 2);
  b.put(2, 20);
  CHECK(b.log == "|1 2 ");
  CHECK(b.buffer.counters().stray == 1);
  b.put(501, 30, 2);  // the one between was of the old stream
  b.put(502, 50, 2);
  CHECK(b.log == "|1 2 |502 ");
  b.put(30000, 70, 2);  // a leap in the sequence is a new stream too
  b.put(30001, 90, 2);
  CHECK(b.log == "|1 2 |502 |30001 ");
}

TEST_CASE("jitter buffer: after a silence a sender may go back to where it has been") {
  Bench b;
  for (int i = 10; i < 15; ++i) b.put(i, i * 20);
  b.put(11, 600);  // one alone comes again, or late
  b.put(15, 620);
  b.put(12, 900);  // two in a row begin anew
  b.put(13, 920);
  b.put(14, 940);
  CHECK(b.log == "|10 11 12 13 14 15 |13 14 ");
  b.put(12, 945);  // no silence before: they were overtaken
  b.put(13, 946);
  b.put(15, 960);
  CHECK(b.log == "|10 11 12 13 14 15 |13 14 15 ");
}

TEST_CASE("jitter buffer: it waits as long as packets overtake one another here, within bounds") {
  const auto wait_when_late_by = [](int late_ms) {
    Bench b;
    for (int ms = 0; ms < 20'000; ++ms) {  // every 25th packet takes longer
      b.drain(ms);
      if ((ms - late_ms) % 500 == 480) b.put((ms - late_ms) / 20, ms);
      if (ms % 20 == 0 && ms % 500 != 480) b.put(ms / 20, ms);
    }
    return b.buffer.wait();
  };
  CHECK(wait_when_late_by(0) == JitterBuffer::shortest_wait);
  CHECK(wait_when_late_by(29) == JitterBuffer::shortest_wait);  // 9 ms behind the next one
  CHECK(wait_when_late_by(59) == 40ms);
  CHECK(wait_when_late_by(400) == JitterBuffer::longest_wait);
}

TEST_CASE("jitter buffer: a silent wire is waited for as long as packets are late here") {
  const auto patience_when_late_by = [](int late_ms) {
    Bench b;
    CHECK(b.buffer.patience() == JitterBuffer::first_patience);
    for (int i = 0; i < 1000; ++i) b.put(i, i * 20 + i % 2 * late_ms);
    return b.buffer.patience();
  };
  CHECK(patience_when_late_by(0) == JitterBuffer::shortest_patience);
  CHECK(patience_when_late_by(19) == JitterBuffer::shortest_patience);
  CHECK(patience_when_late_by(60) == 65ms);
  CHECK(patience_when_late_by(400) == rtp::Patience::longest);
}

TEST_CASE("jitter buffer: each packet says when it was due") {
  JitterBuffer buffer;
  const auto due = [&](int n, int at_ms) {
    buffer.put({.sequence = std::uint16_t(n), .timestamp = std::uint32_t(n) * 160, .ssrc = 1},
               Nanos(1ms) * at_ms);
    const auto out = buffer.next(Nanos(1ms) * at_ms);
    REQUIRE(out);
    return to_ms(out->due);
  };
  CHECK(due(0, 100) == 100);
  CHECK(due(1, 135) == 120);
  CHECK(due(2, 139) == 139);  // faster than any before
  CHECK(due(3, 170) == 159);
}

TEST_CASE("jitter buffer: any order of packets keeps every promise") {
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    JitterBuffer buffer;
    int last = -1;
    std::uint64_t given = 0;
    for (int i = 0; i < 300; ++i) {
      const auto sequence = std::uint16_t(std::max(0, i + int(random() % 40) - 20));
      buffer.put({.sequence = sequence, .timestamp = sequence * 160u, .ssrc = 1},
                 Nanos(1ms) * (i * 20));
      while (const auto out = buffer.next(Nanos(1ms) * (i * 20))) {
        if (out->lost) continue;
        REQUIRE(int(out->packet.sequence) > last);
        last = out->packet.sequence;
        ++given;
      }
    }
    const auto& c = buffer.counters();
    REQUIRE(c.received + c.stray == 300);
    REQUIRE(given + c.late + c.duplicates <= c.received);
  }
}
