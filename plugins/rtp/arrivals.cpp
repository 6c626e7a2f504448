#include "plugins/rtp/arrivals.hpp"

#include <algorithm>

namespace parley::rtp {

Arrivals::Measure Arrivals::note(std::uint32_t timestamp, Nanos now, unsigned clock_rate) {
  if (last_ && timestamp == last_->timestamp) return {};
  const auto count =
      last_ ? last_->count + std::int32_t(timestamp - last_->timestamp) : std::int64_t(timestamp);
  const Nanos took = now - Nanos(count * 1'000'000'000 / std::int64_t(clock_rate));
  const bool leapt = !last_ || std::chrono::abs(took - last_->took) > longest_change;
  last_ = {timestamp, count, took};
  if (leapt) {
    least_ = least_before_ = took;
    window_end_ = now + window;
    return {};
  }
  if (now >= window_end_) {
    least_before_ = least_;
    least_ = took;
    window_end_ = now + window;
  }
  least_ = std::min(least_, took);
  return {.delay = took - std::min(least_, least_before_), .sure = true};
}

}  // namespace parley::rtp
