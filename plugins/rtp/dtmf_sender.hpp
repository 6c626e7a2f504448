// dtmf_sender: key presses as telephone events, one payload a tick (RFC 4733, 2.5.1).
//
// A key sounds for 100 ms and rests for 60 ms; an update goes out with every tick, the first one is
// marked, and its end is said three times, as packets get lost.
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "engine/base/clock.hpp"

namespace parley::rtp {

class DtmfSender {
 public:
  static constexpr Nanos tone = 100ms, rest = 60ms;
  static constexpr std::size_t most_keys = 64;  // that wait

  struct Event {
    std::array<std::uint8_t, 4> payload{};
    bool first = false;  // of its key: marked, and where the event's timestamp is taken
  };

  // False: there is none of 0-9 * # A-D in it that is wrong, or too many wait; nothing is sent.
  bool press(std::string_view keys);
  bool busy() const { return !keys_.empty(); }
  // What goes out for the next `step`; nothing in the rest between keys. `clock_rate`: of events.
  std::optional<Event> tick(Nanos step, unsigned clock_rate);

 private:
  static constexpr int ends_said = 3;

  std::deque<char> keys_{};
  Nanos sounded_{0};  // of the first one
  int ends_ = 0;      // said
};

}  // namespace parley::rtp
