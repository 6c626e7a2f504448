// dtmf: key presses from telephone-event packets (RFC 4733), one press per event.
//
// An event is known by its RTP timestamp; its packets repeat with a growing duration and the last
// three carry the end bit. Nothing is asked of the marker, and a press whose end packets are all
// lost ends when its packets stop. What comes again, or late, is the same press.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/key_press.hpp"

namespace parley::rtp {

class DtmfReceiver {
 public:
  // RFC 4733 repeats an event every 50 ms at the longest; two may get lost.
  static constexpr Nanos silence_ends = 120ms;

  // What has ended with this packet: nothing, this press, or the one before it (or both).
  std::vector<KeyPress> packet(std::uint32_t timestamp, std::span<const std::uint8_t> payload,
                               Nanos now, unsigned clock_rate = 8000);
  // A new stream: timestamps have nothing to do with those before. The press that it cut off.
  std::optional<KeyPress> restart();
  // When tick() has something to do, unless a packet comes before.
  std::optional<Nanos> deadline() const;
  std::optional<KeyPress> tick(Nanos now);

  std::uint64_t malformed() const { return malformed_; }

 private:
  KeyPress end();

  bool any_ = false;  // `timestamp_` is of an event, going on or ended
  bool going_on_ = false;
  std::uint32_t timestamp_ = 0;
  char digit_ = 0;
  unsigned duration_ = 0;  // in ticks of `clock_rate_`
  unsigned clock_rate_ = 8000;
  Nanos last_{0};
  std::uint64_t malformed_ = 0;
};

// Lets every press through once, also when it comes by two ways: as telephone events and, say, as
// SIP INFO. What one way brings takes what the other one brought within a second of it as the same;
// what comes twice by one way was pressed twice.
class KeyGate {
 public:
  enum class Way { rtp, elsewhere };
  bool admits(char digit, Way way, Nanos now);

 private:
  static constexpr Nanos same_within = 1s;
  static constexpr std::size_t most_remembered = 32;
  struct Press {
    char digit = 0;
    Way way = Way::rtp;
    Nanos at{0};
  };
  std::deque<Press> single_{};  // presses that have come by one way only
};

}  // namespace parley::rtp
