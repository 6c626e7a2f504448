#include "plugins/record/timeline.hpp"

#include <algorithm>
#include <cstdlib>

namespace parley::record {
namespace {

constexpr int quiet = 130;        // about -48 dB
constexpr Nanos tolerated = 1ms;  // between where a piece belongs and where the last one ended
constexpr Nanos a_leap = 25ms;    // beyond, it is a gap, or another stream

bool is_quiet(std::span<const std::int16_t> samples) {
  return std::all_of(samples.begin(), samples.end(), [](int s) { return s > -quiet && s < quiet; });
}

}  // namespace

Nanos Skew::follow(Nanos now, Nanos end) {
  if (now - begun_ >= bucket) {
    least_before_ = now - begun_ < 2 * bucket ? least_ : none;
    least_ = none;
    begun_ = now;
  }
  least_ = std::min(least_, now - end);
  const auto delay = std::min(least_, least_before_);
  return delay > most || delay < -most ? Nanos(0) : delay;
}

Timeline::Timeline(unsigned rate) : rate_(rate), ring_(rate, 0) {}

void Timeline::caller(Nanos now, Nanos start, std::span<const std::int16_t> samples) {
  const auto apart = skew_.follow(now, start + time_of(std::int64_t(samples.size())));
  steer(frame_at(start + apart), samples);
  put(samples);
}

// Where the next piece goes: on from the last one, or, when that is too far off, nearer to where it
// belongs.
void Timeline::steer(std::int64_t wanted, std::span<const std::int16_t>& samples) {
  if (!next_) next_ = wanted;
  const auto off = wanted - *next_;
  if (std::abs(off) <= frame_at(tolerated) || samples.empty()) return;
  const auto size = std::int64_t(samples.size());
  if (is_quiet(samples) && off < 0)  // never silence over sound
    samples = samples.subspan(std::size_t(std::min(-off, size)));
  else if (is_quiet(samples) || std::abs(off) > frame_at(a_leap))
    next_ = wanted;
  else if (off > 0)
    put(samples.first(1));
  else
    samples = samples.subspan(1);
}

void Timeline::put(std::span<const std::int16_t> samples) {
  const auto size = std::int64_t(ring_.size());
  for (const auto sample : samples) {
    if (*next_ >= taken_ && *next_ < taken_ + size)
      ring_[std::size_t(*next_ % size)] = sample;
    else
      ++late_;
    ++*next_;
  }
}

void Timeline::pause(Nanos from) {
  if (!paused()) pauses_.push_back({.from = std::max(frame_at(from), taken_)});
}

void Timeline::resume(Nanos at) {
  if (paused()) pauses_.back().to = frame_at(at);
}

bool Timeline::silenced(std::int64_t frame) {
  while (!pauses_.empty() && pauses_.front().to <= frame) pauses_.pop_front();
  return !pauses_.empty() && pauses_.front().from <= frame;
}

void Timeline::take(Nanos until, const Agent& agent, std::vector<std::int16_t>& out) {
  const auto size = std::int64_t(ring_.size());
  while (taken_ < frame_at(until)) {
    const auto frames = std::min(frame_at(until) - taken_, size);
    agent_.resize(std::size_t(frames));
    agent(time_of(taken_), agent_);
    for (std::int64_t i = 0; i < frames; ++i, ++taken_) {
      auto& caller = ring_[std::size_t(taken_ % size)];
      const bool hidden = silenced(taken_);
      silenced_ += hidden;
      out.push_back(hidden ? std::int16_t(0) : caller);
      out.push_back(hidden ? std::int16_t(0) : agent_[std::size_t(i)]);
      caller = 0;
    }
  }
}

}  // namespace parley::record
