// grid: when the next frame leaves: every 20 ms (10 for packets of 10), in a slot just after the
// far end's packets arrive.
//
// An answer is mostly ready when a packet has just come in; with the slot two milliseconds behind
// the arrival it leaves then, instead of 10 ms later on average. The grid is shifted only while
// nothing is said, by 10 ms at most, and RTP timestamps don't mind.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/clock.hpp"

namespace parley::rtp {

class Grid {
 public:
  void start(Nanos now) { next_ = now; }
  void set_frame_time(Nanos time) { frame_time_ = time; }  // from the next step on
  Nanos frame_time() const { return frame_time_; }
  Nanos next() const { return next_; }

  void step() { next_ += frame_time_; }
  // After a stall: frames that are `longest` or more late are left out. Answers how many.
  std::int64_t skip(Nanos now, Nanos longest);
  // Moves the next frame into the slot behind `arrival`, at most once a second.
  void align(Nanos arrival);

 private:
  static constexpr Nanos slot = 2ms;  // behind the arrival: time for the way through the call
  static constexpr Nanos tolerance = 1ms;
  static constexpr Nanos rest = 1s;

  Nanos next_{0};
  Nanos frame_time_ = 20ms;
  std::optional<Nanos> aligned_{};
};

}  // namespace parley::rtp
