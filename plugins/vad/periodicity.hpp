// periodicity: says of a frame of 20 ms at 8 kHz whether it sounds like a voice: louder than the
// noise around it, with a pitch, and not a click.
//
// WebRTC's detector takes clicks and keyboards for speech; this one does not, and misses more of
// noisy speech. Together they do well (plugins/vad/speech_detector.hpp). Pure. Threads: the
// owner's.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace parley {

class Periodicity {
 public:
  static constexpr std::size_t frame_samples = 160;
  using Frame = std::span<const std::int16_t, frame_samples>;

  bool voiced(Frame frame);

 private:
  static constexpr std::size_t shortest_lag = 20, longest_lag = 99;  // 400 Hz to 81 Hz
  static constexpr std::size_t blocks = 8, frames_a_block = 12;

  using Samples = std::array<float, longest_lag + frame_samples>;  // a frame, and what came before

  void high_pass(Frame frame, Samples& x);
  float follow_floor(float power);
  static float pitch(const Samples& x);          // the greatest normalised autocorrelation
  static float concentration(const Samples& x);  // the energy of the strongest 20 samples

  std::array<float, longest_lag> before_{};  // what came before the next frame
  float x1_ = 0, x2_ = 0, y1_ = 0, y2_ = 0;  // the high-pass's memory
  std::array<float, blocks> floors_{};       // the quietest frame of each block
  std::size_t block_ = 0, in_block_ = 0;
  bool heard_ = false;
};

}  // namespace parley
