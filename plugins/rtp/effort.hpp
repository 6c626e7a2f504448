// effort: what an encoder may cost while its loop is late.
//
// Halved each second in which the loop's timers were late, given back step by step when they are in
// time again: the sound of all calls is a little worse before the grid of one is missed.
//
// Threads: pure.
#pragma once

#include <algorithm>

#include "engine/base/clock.hpp"

namespace parley::rtp {

class Effort {
 public:
  static constexpr Nanos look_every = 1s, too_late = 1ms, in_time = 500us;

  // True: it is time to look at the lateness again.
  bool due(Nanos now) const { return now >= next_look_; }

  // The complexity to use, 0 to `most`, when the timers of late were late by `late`.
  int look(int most, Nanos late, Nanos now) {
    next_look_ = now + look_every;
    given_up_ = std::min(given_up_, most);
    const int level = most - given_up_;
    if (late > too_late)
      given_up_ = most - level / 2;
    else if (late <= in_time && given_up_ > 0)
      --given_up_;
    return most - given_up_;
  }

 private:
  Nanos next_look_{0};
  int given_up_ = 0;
};

}  // namespace parley::rtp
