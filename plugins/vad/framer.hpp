// framer: cuts buffers of any size into frames of 20 ms with exact times.
//
// The first buffer sets the time; from then on samples are counted, so that rounding never adds up.
// A buffer that claims to begin later than the count says is believed when it is more than a frame
// off: the hole is filled with silence, up to a second; a longer one is jumped over. One that
// claims to begin earlier is taken as if it followed. Pure. Threads: the owner's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/clock.hpp"

namespace parley {

class Framer {
 public:
  static constexpr Nanos frame_time = 20ms;
  static constexpr Nanos no_time{-1};
  static constexpr Nanos longest_fill = 1s;

  explicit Framer(unsigned rate) : rate_(rate) {}

  std::size_t frame_samples() const { return rate_ / 50; }
  // `start` is the time of the first sample, or no_time. Where samples are just the next frame they
  // are not copied: they stay where they are until next() has answered nothing.
  void push(Nanos start, std::span<const std::int16_t> samples);
  void widen();  // from now on at twice the rate; what waits is raised
  void pad();    // fills the frame that has begun, if one has, with silence

  // The next whole frame; valid until the next push(). False: there is none.
  bool next(Nanos& start, std::span<const std::int16_t>& frame);

 private:
  Nanos time_of(std::uint64_t sample) const {
    return anchor_ + Nanos(std::int64_t(sample * 1'000'000'000 / rate_));
  }
  std::uint64_t waiting() const { return samples_.size() - taken_ + whole_.size(); }

  unsigned rate_;
  Nanos anchor_ = no_time;               // the time of sample 0
  std::uint64_t cut_ = 0;                // samples that have left in frames, since the anchor
  std::span<const std::int16_t> whole_;  // a frame as it came; then there are no samples_
  std::vector<std::int16_t> samples_;
  std::size_t taken_ = 0;  // of samples_
};

}  // namespace parley
