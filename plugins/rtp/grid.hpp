// grid: when the next frame leaves: every 20 ms (10 for packets of 10), in a slot just after the
// far end's packets arrive.
//
// An answer is mostly ready when a packet has just come in; with the slot two milliseconds behind
// the arrival it leaves then, instead of 10 ms later on average. The grid is shifted only while
// nothing is said, by 10 ms at most, and RTP timestamps don't mind. Frames leave on whole
// milliseconds, which is when a busy loop looks (pace.hpp).
//
// Threads: pure.
#pragma once

#include <cstdint>

#include "engine/base/clock.hpp"
#include "engine/base/pace.hpp"

namespace parley::rtp {

class Grid {
 public:
  void start(Nanos now) { next_ = Pace::slot(now); }
  void set_frame_time(Nanos time) { frame_time_ = time; }  // from the next step on
  Nanos frame_time() const { return frame_time_; }
  Nanos next() const { return next_; }

  void step() { next_ += frame_time_; }
  // After a stall: frames that are `longest` or more late are left out. Answers how many.
  std::int64_t skip(Nanos now, Nanos longest);
  // Called once a frame: moves the next one into the slot behind `arrival`, at first at once, later
  // when arrivals have been elsewhere for three seconds.
  void align(Nanos arrival);

 private:
  static constexpr Nanos slot = 2ms;       // behind the arrival: time for the way through the call
  static constexpr Nanos tolerance = 2ms;  // whole milliseconds, and the network's own unevenness
  static constexpr int patience = 150;     // frames

  Nanos next_{0};
  Nanos frame_time_ = 20ms;
  bool aligned_ = false;
  int astray_ = 0;  // frames in a row that the arrivals were elsewhere
};

}  // namespace parley::rtp
