// loop_choice: which media loop a new call goes to.
//
// The one with the fewest calls, of those whose grid is on time. Lateness alone does not tell loops
// apart: all are on time until one of them has too much.
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/clock.hpp"

namespace parley {

struct LoopLoad {
  Nanos late;         // Loop::recent_lateness()
  std::size_t calls;  // that live on it
};

struct LoopChoice {
  std::size_t index;
  bool on_time;  // false: all are later than `most`; this is the least late
};

// `loads` are not empty.
LoopChoice choose_loop(std::span<const LoopLoad> loads, Nanos most);

}  // namespace parley
