#include "plugins/dsp/rate_changer.hpp"

#include <algorithm>
#include <array>

namespace parley {
namespace {

// What comes, backwards and upside down around its first sample: it goes on from there smoothly.
std::array<std::int16_t, 2 * half_band_taps> mirrored(std::span<const std::int16_t> in) {
  std::array<std::int16_t, 2 * half_band_taps> before{};
  for (std::size_t i = 0; i < before.size() && !in.empty(); ++i) {
    const int other = in[std::min(before.size() - i, in.size() - 1)];
    before[i] = std::int16_t(std::clamp(2 * in[0] - other, -32768, 32767));
  }
  return before;
}

}  // namespace

std::span<const std::int16_t> RateChanger::convert(std::span<const std::int16_t> in, unsigned from,
                                                   unsigned to) {
  if (from != from_ || to != to_) turn(in, from, to);
  if (from == to) return in;
  out_.clear();
  up_ ? up_->push(in, out_) : down_->push(in, out_);
  return out_;
}

void RateChanger::turn(std::span<const std::int16_t> in, unsigned from, unsigned to) {
  const bool begun = from_ != 0;
  from_ = from;
  to_ = to;
  up_ = from < to ? std::make_unique<Upsampler>() : nullptr;
  down_ = from > to ? std::make_unique<Downsampler>() : nullptr;
  if (begun && up_) up_->push(mirrored(in), out_);
  if (begun && down_) down_->push(mirrored(in), out_);
}

}  // namespace parley
