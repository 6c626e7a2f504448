// pace: whether a loop answers every event at once or looks only once a millisecond.
//
// With few calls a packet is handled as soon as it is there. With many, a wake-up for each would
// cost more than the packet: from `busy_from` events a second on the loop sleeps to the next whole
// millisecond and handles all that came meanwhile in one go.
//
// Threads: pure.
#pragma once

#include <cstdint>

#include "engine/base/clock.hpp"

namespace parley {

class Pace {
 public:
  static constexpr Nanos tick = 1ms;
  static constexpr std::uint64_t busy_from = 12'000, quiet_below = 6'000;  // events a second

  // So many events were handled at `now`.
  void count(std::uint64_t events, Nanos now) {
    if (now - since_ >= window) {
      const auto rate = events_ * std::uint64_t(1s / window);
      ticking_ = now - since_ < 2 * window && rate >= (ticking_ ? quiet_below : busy_from);
      events_ = 0;
      since_ = now;
    }
    events_ += events;
  }
  bool ticking() const { return ticking_; }

  // When what is due at `when` is handled by a loop that ticks.
  static Nanos slot(Nanos when) { return (when + tick - Nanos(1)) / tick * tick; }

 private:
  static constexpr Nanos window = 100ms;

  std::uint64_t events_ = 0;
  Nanos since_{0};
  bool ticking_ = false;
};

}  // namespace parley
