// ear: finds speech in a stream of frames by its level, for both sides of a caller's line.
//
// It is no voice detector: the line is clean (the agent's audio is synthesised and silence is
// zero), so a level is enough and the moment it gives is exact to the frame. Speech begins with 60
// ms above the level; pauses of up to 300 ms belong to it. Pure: moments come in. Threads: the
// caller's loop.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/clock.hpp"

namespace parley::caller {

struct Segment {
  Nanos start{0};  // the moment of its first voiced frame
  Nanos end{0};    // the moment of its last one so far

  bool operator==(const Segment&) const = default;
};

// The level above which a frame is voiced: -48 dB of full scale, some 20 dB below speech.
constexpr double voiced_rms = 130;
double rms(std::span<const std::int16_t> samples);

class Ear {
 public:
  static constexpr Nanos onset = 60ms;         // so much voiced audio makes a segment
  static constexpr Nanos pause = 300ms;        // longer silences end it
  static constexpr std::size_t most = 10'000;  // segments kept; beyond, the last one grows

  void hear(Nanos at, std::span<const std::int16_t> frame, unsigned rate = 8000);

  const std::vector<Segment>& segments() const { return segments_; }
  // A segment is open and has not been silent for longer than a pause.
  bool talking(Nanos now) const;
  // The moment of the last voiced frame that belongs to a segment; 0 before the first.
  Nanos last_voiced() const { return segments_.empty() ? Nanos{0} : segments_.back().end; }
  Nanos voiced() const { return voiced_; }  // how much audio was above the level

 private:
  std::vector<Segment> segments_;
  Segment candidate_;
  Nanos candidate_voiced_{0};
  Nanos voiced_{0};
};

}  // namespace parley::caller
