// speech_detector: frames of 20 ms in, the edges of speech out.
//
// Speech starts when in 3 of the last 6 frames WebRTC's detector (its strictest mode) and the one
// by pitch agree; the one by pitch alone holds it; it ends after a hangover without. Measured
// beside each alone, on noise, hum, clicks and keyboards: no false starts, 60-80 ms to notice.
// Pure. Threads: the owner's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "plugins/vad/periodicity.hpp"

namespace parley {

struct SpeechEdge {
  bool speech = false;
  // At an end: frames since the last voiced one, and how many were voiced in all.
  int silent_frames = 0;
  int voiced_frames = 0;
};

// From two detectors' verdicts to edges.
class Endpointer {
 public:
  std::optional<SpeechEdge> push(bool webrtc, bool voiced, int hangover_frames);
  bool in_speech() const { return in_speech_; }
  std::optional<SpeechEdge> end();  // ends speech now, if there is some

 private:
  static constexpr unsigned window = 6;
  static constexpr int needed = 3;

  bool in_speech_ = false;
  unsigned agreed_ = 0;  // a bit a frame, the newest lowest
  int silent_frames_ = 0;
  int voiced_frames_ = 0;
};

class SpeechDetector {
 public:
  SpeechDetector();

  // One frame at 8 kHz; `ignored`: it is known not to be speech.
  std::optional<SpeechEdge> push(Periodicity::Frame frame, int hangover_frames,
                                 bool ignored = false);
  bool in_speech() const { return edges_.in_speech(); }
  std::optional<SpeechEdge> end() { return edges_.end(); }

 private:
  struct FreeWebRtc {
    void operator()(void* vad) const;
  };
  std::unique_ptr<void, FreeWebRtc> webrtc_;
  Periodicity periodicity_;
  Endpointer edges_;
};

}  // namespace parley
