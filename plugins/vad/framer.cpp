#include "plugins/vad/framer.hpp"

#include <utility>

#include "plugins/dsp/rate_changer.hpp"

namespace parley {

void Framer::push(Nanos start, std::span<const std::int16_t> samples) {
  samples_.erase(samples_.begin(), samples_.begin() + std::ptrdiff_t(taken_));
  taken_ = 0;
  cut_ += std::exchange(whole_, {}).size();  // was not asked for, and may be gone
  if (anchor_ == no_time) anchor_ = start == no_time ? Nanos(0) : start;
  const Nanos hole = start == no_time ? Nanos(0) : start - time_of(cut_ + waiting());
  if (hole > longest_fill) {
    pad();
    anchor_ = start - Nanos(std::int64_t(waiting() * 1'000'000'000 / rate_));
    cut_ = 0;
  } else if (hole > frame_time) {
    samples_.insert(samples_.end(), std::size_t(hole.count() * rate_ / 1'000'000'000), 0);
  }
  if (samples_.empty() && samples.size() == frame_samples())
    whole_ = samples;
  else
    samples_.insert(samples_.end(), samples.begin(), samples.end());
}

void Framer::widen() {
  cut_ += std::exchange(whole_, {}).size();
  samples_ = doubled(samples_);
  taken_ *= 2;
  cut_ *= 2;
  rate_ *= 2;
}

void Framer::pad() {
  if (const auto over = waiting() % frame_samples())
    samples_.insert(samples_.end(), frame_samples() - over, 0);
}

bool Framer::next(Nanos& start, std::span<const std::int16_t>& frame) {
  if (waiting() < frame_samples()) return false;
  start = time_of(cut_);
  if (whole_.empty()) {
    frame = std::span(samples_).subspan(taken_, frame_samples());
    taken_ += frame_samples();
  } else {
    frame = std::exchange(whole_, {});
  }
  cut_ += frame_samples();
  return true;
}

}  // namespace parley
