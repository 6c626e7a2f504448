// patience: how long to wait so that almost nothing comes after that.
//
// A histogram of how late packets came, of about the last two thousand: wait() is the shortest
// time, in steps of 5 ms, that no more than 0.2 % of them reached. What lies beyond a quarter of a
// second is not waited for, however often it happens. Integers only: forgetting is a quarter off,
// every 256 packets.
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace parley::rtp {

class Patience {
 public:
  static constexpr Nanos step = 5ms, longest = 240ms;

  void note(Nanos late);
  Nanos wait() const { return wait_; }            // 0 until something came late
  std::uint64_t noted() const { return noted_; }  // packets, ever

 private:
  static constexpr std::size_t buckets = std::size_t(longest / step) + 1;  // the last: beyond
  static constexpr std::uint32_t weight = 256;
  static constexpr unsigned forget_every = 512;
  static constexpr std::uint64_t tail_per_mille = 2;

  void forget();
  Nanos measured() const;

  std::array<std::uint32_t, buckets> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t noted_ = 0;
  Nanos wait_{0};
};

}  // namespace parley::rtp
