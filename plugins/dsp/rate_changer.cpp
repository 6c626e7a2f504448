#include "plugins/dsp/rate_changer.hpp"

#include <algorithm>

namespace parley {

std::span<const std::int16_t> RateChanger::convert(std::span<const std::int16_t> in, unsigned from,
                                                   unsigned to) {
  if (from != from_ || to != to_) turn(in, from, to);
  remember(in);
  if (from == to) return in;
  out_.clear();
  from < to ? up_.push(in, out_) : down_.push(in, out_);
  return out_;
}

void RateChanger::turn(std::span<const std::int16_t> in, unsigned from, unsigned to) {
  if (from_ != 0 && from != from_)
    for (std::size_t i = 0; i < past_.size(); ++i) {
      const auto mirrored = std::min(past_.size() - i, in.empty() ? 0 : in.size() - 1);
      const int value = in.empty() ? 0 : 2 * in[0] - in[mirrored];
      past_[i] = std::int16_t(std::clamp(value, -32768, 32767));
    }
  from_ = from;
  to_ = to;
  up_ = {};
  down_ = {};
  if (from == to) return;
  from < to ? up_.push(past_, out_) : down_.push(past_, out_);
}

void RateChanger::remember(std::span<const std::int16_t> in) {
  const auto kept = past_.size() - std::min(in.size(), past_.size());
  std::copy(past_.end() - std::ptrdiff_t(kept), past_.end(), past_.begin());
  const auto newest = in.last(past_.size() - kept);
  std::ranges::copy(newest, past_.begin() + std::ptrdiff_t(kept));
}

}  // namespace parley
