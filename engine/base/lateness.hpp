// lateness: how late a loop's timers fire, since its start and in the last second or two.
//
// Threads: add() from one; the rest from any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace parley {

// A histogram in steps of 10 us up to 100 ms, of the whole time.
class Lateness {
 public:
  static constexpr Nanos step{10'000};

  void add(Nanos late);
  Nanos quantile(double q) const;  // 0 when nothing was counted; the upper end of the step
  Nanos max() const { return Nanos(max_.load(std::memory_order_relaxed)); }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  void reset();

 private:
  std::array<std::atomic<std::uint32_t>, 10'000> steps_{};
  std::atomic<std::uint64_t> count_ = 0;
  std::atomic<std::int64_t> max_ = 0;
};

// The same in steps of 250 us up to 32 ms, of the present second and the one before: what new calls
// are admitted by.
class RecentLateness {
 public:
  static constexpr Nanos step{250'000};
  static constexpr Nanos window = 1s;
  static constexpr std::uint32_t least = 1000;  // fewer timers say nothing of the last 1 %

  void add(Nanos late, Nanos now);
  Nanos p99(Nanos now) const;  // 0 when hardly any timer fired; the upper end of the step

 private:
  struct Window {
    std::array<std::atomic<std::uint32_t>, 128> steps{};
    std::atomic<std::uint32_t> count = 0;
  };
  std::array<Window, 2> windows_;
  std::atomic<std::int64_t> second_ = 0;  // the number of the present window
};

}  // namespace parley
