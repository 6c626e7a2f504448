#include "plugins/vad/music.hpp"

#include <algorithm>
#include <cmath>

namespace parley {
namespace {

constexpr float least_power = 100 * 100;  // of the mean, about -44 dBm0
constexpr float a_dip = 0.1f;             // of the mean power: a pause
constexpr float most_dips = 0.15f;        // of all frames; speech has a third
constexpr float voiced = 0.03f;           // of the mean power: crossings count above
constexpr float most_spread = 0.055f;     // of the crossings; speech has .06 to .1
constexpr float least_swing_db = 1.2f;    // of the level; noise and tones have less

float spread(float sum, float squares, float n) {
  return n > 0 ? std::sqrt(std::max(0.0f, squares / n - sum / n * sum / n)) : 0;
}

}  // namespace

std::optional<bool> MusicDetector::push(std::span<const std::int16_t, frame_samples> frame) {
  float power = 0;
  int crossings = 0;
  for (std::size_t i = 0; i < frame_samples; ++i) {
    power += float(frame[i]) * float(frame[i]);
    crossings += i > 0 && (frame[i] < 0) != (frame[i - 1] < 0);
  }
  heard_[std::size_t(frames_ % window)] = {power / frame_samples, float(crossings) / frame_samples};
  ++frames_;
  if (frames_ % look_every != 0 || frames_ < window) return {};
  against_ = sounds_like_music() == music_ ? 0 : against_ + 1;
  if (against_ < sure_after) return {};
  against_ = 0;
  music_ = !music_;
  return music_;
}

bool MusicDetector::sounds_like_music() const {
  float mean = 0;
  for (const auto& h : heard_) mean += h.power / window;
  if (mean < least_power) return false;
  float dips = 0, n = 0, crossings = 0, crossings2 = 0, level = 0, level2 = 0;
  for (const auto& h : heard_) {
    if (h.power < a_dip * mean) ++dips;
    if (h.power < voiced * mean) continue;
    const float db = 10 * std::log10(h.power);
    ++n;
    crossings += h.crossings;
    crossings2 += h.crossings * h.crossings;
    level += db;
    level2 += db * db;
  }
  return dips / window < most_dips && spread(crossings, crossings2, n) < most_spread &&
         spread(level, level2, n) > least_swing_db;
}

}  // namespace parley
