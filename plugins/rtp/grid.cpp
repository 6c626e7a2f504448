#include "plugins/rtp/grid.hpp"

namespace parley::rtp {

std::int64_t Grid::skip(Nanos now, Nanos longest) {
  if (now - next_ < longest) return 0;
  const auto frames = (now - next_) / frame_time_;
  next_ += frame_time_ * frames;
  return frames;
}

void Grid::align(Nanos arrival) {
  Nanos error = (arrival + slot - next_) % frame_time_;  // towards zero: either sign
  if (error > frame_time_ / 2) error -= frame_time_;
  if (error < -frame_time_ / 2) error += frame_time_;
  if (std::chrono::abs(error) < tolerance) {
    aligned_ = true;
    astray_ = 0;
  } else if (!aligned_ || ++astray_ == patience) {
    next_ = Pace::slot(next_ + error);
    aligned_ = true;
    astray_ = 0;
  }
}

}  // namespace parley::rtp
