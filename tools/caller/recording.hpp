// recording: both directions of a call as one stereo WAV: left what the caller sent, right what it
// received, each where it was on the caller's clock.
//
// Received audio lies where its RTP timestamps put it, moved only when the two clocks part by more
// than 100 ms, so that the network's jitter cuts no holes. Pure. Threads: one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/clock.hpp"
#include "plugins/testkit/wav.hpp"

namespace parley::caller {

class Recording {
 public:
  static constexpr std::size_t longest_samples = 30 * 60 * 8000;  // beyond: dropped and counted

  // `at` is since the recording's begin.
  void sent(Nanos at, std::span<const std::int16_t> audio);
  void received(Nanos at, std::uint32_t timestamp, std::span<const std::int16_t> audio);

  Wav stereo() const;
  std::uint64_t dropped() const { return dropped_; }

 private:
  void put(std::vector<std::int16_t>& side, std::int64_t at, std::span<const std::int16_t> audio);

  std::vector<std::int16_t> left_, right_;
  std::int64_t offset_ = 0;  // received: place = unwrapped timestamp + offset
  std::int64_t unwrapped_ = 0;
  bool begun_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace parley::caller
