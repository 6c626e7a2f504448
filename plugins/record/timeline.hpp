// timeline: a call as one stereo track: what of the caller (left) and of the agent (right) goes
// where.
//
// Both sides lie on the loop's clock. The agent's does so by itself. The caller's comes with the
// times of its RTP clock, which is up to 300 ppm off: a second an hour. So each piece also says
// when it arrived; the least delay of the last half second is what the two clocks are apart, and
// the caller's track follows it, by whole steps where it is quiet and by one sample a piece where
// it is not. Gaps are silence; what is paused is silence on both sides, so that the rest keeps its
// place.
//
// Threads: pure. Times count from the start of the recording.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/clock.hpp"

namespace parley::record {

// How far the clock behind a stream's timestamps is from ours.
class Skew {
 public:
  // A piece that ends at `end` by its own clock is here at `now`. Answers what is to be added to
  // its times: the least delay of the last half second or more.
  Nanos follow(Nanos now, Nanos end);

 private:
  static constexpr Nanos bucket = 400ms;
  static constexpr Nanos most = 250ms;  // beyond, it is no clock: somebody pushes a file
  static constexpr Nanos none = Nanos::max();

  Nanos begun_{0};
  Nanos least_ = none, least_before_ = none;
};

class Timeline {
 public:
  // The agent's side from a moment on; silence where there is nothing.
  using Agent = std::function<void(Nanos from, std::span<std::int16_t> out)>;

  explicit Timeline(unsigned rate);
  unsigned rate() const { return rate_; }

  void caller(Nanos now, Nanos start, std::span<const std::int16_t> samples);
  void pause(Nanos from);
  void resume(Nanos at);
  bool paused() const { return !pauses_.empty() && pauses_.back().to == never; }

  // Appends all frames up to `until`: left, right, left, right. What comes later for that time is
  // late.
  void take(Nanos until, const Agent& agent, std::vector<std::int16_t>& out);

  Nanos length() const { return time_of(taken_); }
  Nanos silenced() const { return time_of(silenced_); }  // by pauses
  std::uint64_t late() const { return late_; }           // samples that came too late, or too early

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  struct Pause {
    std::int64_t from = 0, to = never;
  };

  std::int64_t frame_at(Nanos t) const { return t / (Nanos(1s) / rate_); }
  Nanos time_of(std::int64_t frames) const { return Nanos(1s) / rate_ * frames; }
  void steer(std::int64_t wanted, std::span<const std::int16_t>& samples);
  void put(std::span<const std::int16_t> samples);
  bool silenced(std::int64_t frame);

  const unsigned rate_;
  Skew skew_;
  std::vector<std::int16_t> ring_;      // the caller's side from taken_ on, a second
  std::optional<std::int64_t> next_{};  // the frame that continues the caller's side
  std::int64_t taken_ = 0;
  std::int64_t silenced_ = 0;
  std::deque<Pause> pauses_{};
  std::vector<std::int16_t> agent_;
  std::uint64_t late_ = 0;
};

}  // namespace parley::record
