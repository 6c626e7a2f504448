#include "plugins/testkit/ear.hpp"

#include <cmath>

namespace parley::caller {

double rms(std::span<const std::int16_t> samples) {
  if (samples.empty()) return 0;
  double sum = 0;
  for (const double s : samples) sum += s * s;
  return std::sqrt(sum / double(samples.size()));
}

void Ear::hear(Nanos at, std::span<const std::int16_t> frame, unsigned rate) {
  if (rms(frame) < voiced_rms) return;
  const Nanos length = Nanos(1s) * static_cast<std::int64_t>(frame.size()) / rate;
  voiced_ += length;
  if (!segments_.empty() && (at - segments_.back().end <= pause || segments_.size() == most)) {
    segments_.back().end = at;
    return;
  }
  if (candidate_voiced_ == Nanos{0} || at - candidate_.end > onset) {
    candidate_ = {.start = at, .end = at};
    candidate_voiced_ = {};
  }
  candidate_.end = at;
  candidate_voiced_ += length;
  if (candidate_voiced_ < onset) return;
  segments_.push_back(candidate_);
  candidate_voiced_ = {};
}

bool Ear::talking(Nanos now) const {
  return !segments_.empty() && now - segments_.back().end <= pause;
}

}  // namespace parley::caller
