#include "plugins/rtp/concealment.hpp"

namespace parley::rtp {

void Concealment::heard(std::span<const std::int16_t> samples) {
  last_.assign(samples.begin(), samples.end());
  filled_ = 0;
}

void Concealment::fill(std::span<std::int16_t> out) {
  for (auto& sample : out) {
    sample = 0;
    if (last_.empty() || filled_ >= fade) continue;
    sample = std::int16_t(last_[filled_ % last_.size()] * int(fade - filled_) / int(fade));
    ++filled_;
  }
}

}  // namespace parley::rtp
