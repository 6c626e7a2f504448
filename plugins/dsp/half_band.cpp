#include "plugins/dsp/half_band.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace parley {
namespace {

using Taps = std::array<float, half_band_taps>;

// The taps at odd offsets -31, -29 .. 31 from the middle: a sinc under a Hamming window, scaled so
// that they sum to a half, as the middle tap does.
const Taps& taps() {
  static const Taps table = [] {
    std::array<double, half_band_taps> t{};
    double sum = 0;
    for (std::size_t i = 0; i < t.size(); ++i) {
      const double k = 2.0 * double(i) - 31;
      const double pi = std::numbers::pi;
      t[i] = std::sin(pi * k / 2) / (pi * k) * (0.54 + 0.46 * std::cos(pi * k / 32));
      sum += t[i];
    }
    Taps scaled{};
    for (std::size_t i = 0; i < t.size(); ++i) scaled[i] = float(t[i] / sum / 2);
    return scaled;
  }();
  return table;
}

std::int16_t to_sample(float x) {
  return std::int16_t(std::clamp(std::lround(x), -32768L, 32767L));
}

template <std::size_t N>
void shift_in(std::array<float, N>& past, float x) {
  std::copy(past.begin() + 1, past.end(), past.begin());
  past.back() = x;
}

}  // namespace

void Upsampler::push(std::span<const std::int16_t> in, std::vector<std::int16_t>& out) {
  const auto& t = taps();
  out.reserve(out.size() + 2 * in.size());
  for (const float x : in) {
    shift_in(past_, x);
    float between = 0;
    for (std::size_t i = 0; i < t.size(); ++i) between += t[i] * past_[i];
    out.push_back(to_sample(2 * between));
    out.push_back(to_sample(past_[half_band_taps / 2]));
  }
}

void Downsampler::push(std::span<const std::int16_t> in, std::vector<std::int16_t>& out) {
  const auto& t = taps();
  for (const float x : in) {
    shift_in(past_, x);
    if ((odd_ = !odd_)) continue;
    float sum = 0.5F * past_[half_band_taps - 1];
    for (std::size_t i = 0; i < t.size(); ++i) sum += t[i] * past_[2 * i];
    out.push_back(to_sample(sum));
  }
}

void Dither::add(std::span<std::int16_t> samples) {
  for (auto& s : samples) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    const int noise = int(state_ % std::uint32_t(2 * level_ + 1)) - level_;
    s = std::int16_t(std::clamp(int(s) + noise, -32768, 32767));
  }
}

}  // namespace parley
