// sounds: what the speech detector is tried on; all from seeds, the same every time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "plugins/testkit/voices.hpp"

namespace parley::test {

using Samples = std::vector<std::int16_t>;
constexpr unsigned line_rate = 8000;

inline std::size_t samples_of_ms(int ms) { return std::size_t(ms) * line_rate / 1000; }

inline Samples silence(int ms) { return Samples(samples_of_ms(ms), 0); }

inline Samples noise(int ms, double rms, unsigned seed = 1) {
  std::mt19937 random(seed);
  Samples all(samples_of_ms(ms));
  const double peak = rms * std::sqrt(3.0);
  for (auto& s : all)
    s = std::int16_t(std::lround((double(random()) / double(std::mt19937::max()) * 2 - 1) * peak));
  return all;
}

inline Samples hum(int ms, double rms) {
  Samples all(samples_of_ms(ms));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double t = 2 * std::numbers::pi * double(i) / line_rate;
    all[i] =
        std::int16_t(rms * (std::sin(50 * t) + 0.5 * std::sin(100 * t) + 0.3 * std::sin(150 * t)));
  }
  return all;
}

// Twelve keys a second, each a few decaying milliseconds.
inline Samples clicks(int ms, double peak) {
  Samples all(samples_of_ms(ms));
  std::mt19937 random(7);
  for (std::size_t at = 100; at + 40 < all.size(); at += 500 + random() % 340)
    for (std::size_t i = 0; i < 40; ++i)
      all[at + i] =
          std::int16_t(peak * std::exp(-double(i) / 6) * (double(random() % 2001) / 1000 - 1));
  return all;
}

inline Samples speech(const std::string& voice, const std::string& text) {
  static caller::Voices voices;
  return voices.say(voice, text).value();
}

inline Samples join(std::initializer_list<Samples> parts) {
  Samples all;
  for (const auto& p : parts) all.insert(all.end(), p.begin(), p.end());
  return all;
}

// `a` and, over it, `b` (repeated when it is shorter).
inline Samples mix(Samples a, const Samples& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    a[i] = std::int16_t(std::clamp(int(a[i]) + int(b[i % b.size()]), -32768, 32767));
  return a;
}

}  // namespace parley::test
