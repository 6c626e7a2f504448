#include "engine/call/loop_choice.hpp"

#include <algorithm>
#include <tuple>

#include "engine/base/assert.hpp"

namespace parley {

LoopChoice choose_loop(std::span<const LoopLoad> loads, Nanos most) {
  PARLEY_ASSERT(!loads.empty());
  const auto rank = [most](const LoopLoad& load) {
    const bool late = load.late > most;
    return std::tuple(late, late ? load.late : Nanos(0), load.calls);
  };
  const auto best = std::ranges::min_element(loads, {}, rank);
  return {.index = std::size_t(best - loads.begin()), .on_time = best->late <= most};
}

}  // namespace parley
