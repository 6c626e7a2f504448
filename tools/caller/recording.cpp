#include "tools/caller/recording.hpp"

#include <algorithm>
#include <cstdlib>

namespace parley::caller {
namespace {

constexpr std::int64_t drift_samples = 800;

std::int64_t samples_at(Nanos at) { return at / Nanos(125us); }

}  // namespace

void Recording::sent(Nanos at, std::span<const std::int16_t> audio) {
  put(left_, samples_at(at), audio);
}

void Recording::received(Nanos at, std::uint32_t timestamp, std::span<const std::int16_t> audio) {
  const auto arrived = samples_at(at);
  if (begun_) {
    unwrapped_ += static_cast<std::int32_t>(timestamp - static_cast<std::uint32_t>(unwrapped_));
  } else {
    unwrapped_ = timestamp;
  }
  if (!begun_ || std::abs(unwrapped_ + offset_ - arrived) > drift_samples)
    offset_ = arrived - unwrapped_;
  begun_ = true;
  put(right_, unwrapped_ + offset_, audio);
}

void Recording::put(std::vector<std::int16_t>& side, std::int64_t at,
                    std::span<const std::int16_t> audio) {
  if (at < 0 || at + std::int64_t(audio.size()) > std::int64_t(longest_samples)) {
    ++dropped_;
    return;
  }
  const auto end = std::size_t(at) + audio.size();
  if (side.size() < end) side.resize(end);
  std::copy(audio.begin(), audio.end(), side.begin() + at);
}

Wav Recording::stereo() const {
  Wav wav{.rate = 8000,
          .channels = 2,
          .samples = std::vector<std::int16_t>(2 * std::max(left_.size(), right_.size()))};
  for (std::size_t i = 0; i < left_.size(); ++i) wav.samples[2 * i] = left_[i];
  for (std::size_t i = 0; i < right_.size(); ++i) wav.samples[2 * i + 1] = right_[i];
  return wav;
}

}  // namespace parley::caller
