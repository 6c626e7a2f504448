#include "plugins/rtp/grid.hpp"

namespace parley::rtp {

std::int64_t Grid::skip(Nanos now, Nanos longest) {
  if (now - next_ < longest) return 0;
  const auto frames = (now - next_) / frame_time;
  next_ += frame_time * frames;
  return frames;
}

void Grid::align(Nanos arrival) {
  if (aligned_ && next_ - *aligned_ < rest) return;
  Nanos error = (arrival + slot - next_) % frame_time;  // towards zero: either sign
  if (error > frame_time / 2) error -= frame_time;
  if (error < -frame_time / 2) error += frame_time;
  if (std::chrono::abs(error) < tolerance) return;
  next_ += error;
  aligned_ = next_;
}

}  // namespace parley::rtp
