#include "plugins/vad/periodicity.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace parley {
namespace {

constexpr float over_the_noise = 3.2F;
constexpr float least_pitch = 0.35F;
constexpr float most_concentrated = 0.6F;
// Deep and pressed voices are trains of sharp pulses: two to a frame hold most of its energy. A
// click holds nearly all of it, and has no pitch.
constexpr float clear_pitch = 0.6F;
constexpr float most_concentrated_with_clear_pitch = 0.85F;
constexpr std::size_t strongest = 20;
constexpr float least_power = 400;  // rms 20: below it nobody speaks, whatever the noise floor

// Butterworth, second order, 100 Hz at 8 kHz: mains hum is periodic too.
constexpr float b0 = 0.945976F, b1 = -1.891952F, b2 = 0.945976F;
constexpr float a1 = -1.889033F, a2 = 0.894874F;

}  // namespace

bool Periodicity::voiced(Frame frame) {
  Samples x;
  high_pass(frame, x);
  float energy = 0;
  for (std::size_t i = longest_lag; i < x.size(); ++i) energy += x[i] * x[i];
  const float power = energy / frame_samples;
  const float floor = std::max(follow_floor(power), least_power / over_the_noise);
  if (power <= over_the_noise * floor) return false;
  const float p = pitch(x);
  const float most = p > clear_pitch ? most_concentrated_with_clear_pitch : most_concentrated;
  return p > least_pitch && concentration(x) < most * energy;
}

void Periodicity::high_pass(Frame frame, Samples& out) {
  std::ranges::copy(before_, out.begin());
  std::array<float, frame_samples + 2> x;
  x[0] = x2_, x[1] = x1_;
  std::copy(frame.begin(), frame.end(), x.begin() + 2);
  x2_ = x[frame_samples], x1_ = x[frame_samples + 1];
  // What came in is worked out apart, in vectors; only what came out waits for itself.
  float* const y = out.data() + longest_lag;
  for (std::size_t i = 0; i < frame_samples; ++i) y[i] = b0 * x[i + 2] + b1 * x[i + 1] + b2 * x[i];
  for (std::size_t i = 0; i < frame_samples; ++i) {
    y[i] = (y[i] - a2 * y2_) - a1 * y1_;
    y2_ = std::exchange(y1_, y[i]);
  }
  std::copy(out.end() - longest_lag, out.end(), before_.begin());
}

// The least power of about the last two seconds.
float Periodicity::follow_floor(float power) {
  if (!heard_) floors_.fill(power);
  heard_ = true;
  if (in_block_ == frames_a_block) {
    in_block_ = 0;
    block_ = (block_ + 1) % blocks;
    floors_[block_] = power;
  }
  ++in_block_;
  floors_[block_] = std::min(floors_[block_], power);
  return *std::min_element(floors_.begin(), floors_.end());
}

float Periodicity::pitch(const Samples& x) {
  constexpr std::size_t lags = longest_lag - shortest_lag + 1;
  // Sample by sample over all lags at once: the compiler turns the inner loop into vectors.
  std::array<float, lags> product{};
  const float* now = x.data() + longest_lag;
  for (std::size_t i = 0; i < frame_samples; ++i) {
    const float sample = now[i];
    const float* oldest = now + i - longest_lag;
    for (std::size_t j = 0; j < lags; ++j) product[j] += sample * oldest[j];
  }
  const auto energy_from = [&](std::size_t start) {
    float e = 0;
    for (std::size_t i = 0; i < frame_samples; ++i) e += x[start + i] * x[start + i];
    return e;
  };
  const float own = energy_from(longest_lag);
  float shifted = energy_from(0), best = 0;
  for (std::size_t j = 0; j < lags; ++j) {  // lag: longest_lag - j
    best = std::max(best, product[j] / std::sqrt(own * std::max(shifted, 1.0F) + 1.0F));
    shifted += x[j + frame_samples] * x[j + frame_samples] - x[j] * x[j];
  }
  return best;
}

float Periodicity::concentration(const Samples& x) {
  std::array<float, frame_samples> squares;
  std::transform(x.begin() + longest_lag, x.end(), squares.begin(), [](float s) { return s * s; });
  std::nth_element(squares.begin(), squares.begin() + strongest, squares.end(), std::greater<>());
  float sum = 0;
  for (std::size_t i = 0; i < strongest; ++i) sum += squares[i];
  return sum;
}

}  // namespace parley
