// arrivals: when a packet should have come, by its timestamp and the earliest of those before it.
//
// What a packet took is its arrival less its timestamp. The least of the last seconds stands for a
// network without queues: what a packet took beyond that is its delay. The least is forgotten after
// five to ten seconds, so that a sender's clock that is off by hundreds of parts in a million, or a
// longer way, is followed.
//
// Threads: pure. RFC 3550, 5.1 (timestamps).
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/clock.hpp"

namespace parley::rtp {

class Arrivals {
 public:
  struct Measure {
    Nanos delay{0};     // beyond what the fastest took
    bool sure = false;  // false: its timestamp says nothing (a telephone event goes on, a leap)
  };

  // Timestamps have nothing to do with those before.
  void restart() { last_.reset(); }
  Measure note(std::uint32_t timestamp, Nanos now, unsigned clock_rate);

 private:
  static constexpr Nanos window = 5s, longest_change = 1s;

  struct Last {
    std::uint32_t timestamp = 0;
    std::int64_t count = 0;  // the timestamp without its wraps
    Nanos took{0};
  };

  std::optional<Last> last_{};
  Nanos least_{0}, least_before_{0};  // of this window, of the one before
  Nanos window_end_{0};
};

}  // namespace parley::rtp
