// half_band: 8 kHz to 16 kHz and back, by a half-band filter of 63 taps.
//
// Telephone audio is recognised with a model for 16 kHz, and wideband audio is searched for speech
// at 8 kHz. A factor of two needs no general resampler: every second tap of the filter is zero and
// the middle one is a half. Streams: what is given piece by piece comes out as if given at once,
// 31 samples of 16 kHz late. Pure. Threads: the owner's.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace parley {

inline constexpr std::size_t half_band_taps = 32;  // of the odd offsets; the rest is known

// Doubles the rate. Answers twice as many samples as it is given.
class Upsampler {
 public:
  void push(std::span<const std::int16_t> in, std::vector<std::int16_t>& out);

 private:
  std::array<float, half_band_taps> past_{};  // the newest last
};

// Halves the rate. Answers a sample for every two, whatever the sizes it is given.
class Downsampler {
 public:
  void push(std::span<const std::int16_t> in, std::vector<std::int16_t>& out);

 private:
  std::array<float, 2 * half_band_taps - 1> past_{};
  bool odd_ = false;
};

// White noise from a fixed seed, added to samples: a recogniser's features of digital silence are
// the logarithm of nothing.
class Dither {
 public:
  explicit Dither(int level) : level_(level) {}
  void add(std::span<std::int16_t> samples);

 private:
  int level_;  // greatest amplitude, in steps of a sample
  std::uint32_t state_ = 0x2545F491;
};

}  // namespace parley
