// voice_signal: something like a voice, made of numbers: a gliding pitch, three formants, syllables
// with pauses; and how alike two signals are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

namespace parley::test {

inline std::vector<std::int16_t> voice_signal(unsigned rate, double seconds) {
  std::vector<std::int16_t> out(std::size_t(rate * seconds));
  double phase = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double t = double(i) / rate;
    const double pitch = 120 + 30 * std::sin(2 * std::numbers::pi * 0.7 * t);
    phase += 2 * std::numbers::pi * pitch / rate;
    const double syllable = std::max(0.0, std::sin(2 * std::numbers::pi * 2.5 * t));
    double sum = 0;
    for (int h = 1; h * pitch < std::min(3400.0, rate / 2.2); ++h) {
      const double f = h * pitch;
      double level = 0;
      for (const double formant : {600.0, 1500.0, 2600.0})
        level += std::exp(-std::pow((f - formant) / 220, 2));
      sum += (level + 0.02) * std::sin(h * phase);
    }
    out[i] = std::int16_t(std::clamp(2000 * syllable * sum, -32000.0, 32000.0));
  }
  return out;
}

// In dB, at the best delay of `heard` behind `said` up to `longest` samples.
inline double snr_db(std::span<const std::int16_t> said, std::span<const std::int16_t> heard,
                     std::size_t longest = 250) {
  double best = -100;
  for (std::size_t delay = 0; delay <= longest; ++delay) {
    double signal = 0, noise = 1e-9;
    const auto count = std::min(said.size(), heard.size() - delay);
    for (std::size_t i = 0; i < count; ++i) {
      const double difference = double(said[i]) - heard[i + delay];
      signal += double(said[i]) * said[i];
      noise += difference * difference;
    }
    best = std::max(best, 10 * std::log10(signal / noise));
  }
  return best;
}

}  // namespace parley::test
