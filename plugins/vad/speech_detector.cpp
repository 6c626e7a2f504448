#include "plugins/vad/speech_detector.hpp"

#include <bit>

#include "engine/base/assert.hpp"
#include "plugins/dsp/level.hpp"

// Exported by libwebrtc-audio-processing, which has no header for it.
extern "C" {
void* WebRtcVad_Create();
void WebRtcVad_Free(void* handle);
int WebRtcVad_Init(void* handle);
int WebRtcVad_set_mode(void* handle, int mode);
int WebRtcVad_Process(void* handle, int rate, const std::int16_t* frame, std::size_t samples);
}

namespace parley {
namespace {
constexpr int strictest_mode = 3;
constexpr int rate = 8000;
}  // namespace

std::optional<SpeechEdge> Endpointer::push(bool webrtc, bool voiced, int hangover_frames) {
  if (in_speech_) {
    silent_frames_ = voiced ? 0 : silent_frames_ + 1;
    voiced_frames_ += voiced;
    if (silent_frames_ < hangover_frames) return std::nullopt;
    return end();
  }
  agreed_ = (agreed_ << 1 | unsigned(webrtc && voiced)) & ((1U << window) - 1);
  const int agreed = std::popcount(agreed_);
  if (agreed < needed) return std::nullopt;
  in_speech_ = true;
  silent_frames_ = 0;
  voiced_frames_ = agreed;
  return SpeechEdge{.speech = true};
}

std::optional<SpeechEdge> Endpointer::end() {
  if (!in_speech_) return std::nullopt;
  in_speech_ = false;
  agreed_ = 0;
  return SpeechEdge{false, silent_frames_, voiced_frames_};
}

void SpeechDetector::FreeWebRtc::operator()(void* vad) const { WebRtcVad_Free(vad); }

SpeechDetector::SpeechDetector() : webrtc_(WebRtcVad_Create()) {
  PARLEY_ASSERT(webrtc_);
  const bool ready =
      WebRtcVad_Init(webrtc_.get()) == 0 && WebRtcVad_set_mode(webrtc_.get(), strictest_mode) == 0;
  PARLEY_ASSERT(ready);
}

std::optional<SpeechEdge> SpeechDetector::push(Periodicity::Frame frame, int hangover_frames,
                                               bool ignored) {
  const bool webrtc =
      !is_silent(frame) && WebRtcVad_Process(webrtc_.get(), rate, frame.data(), frame.size()) == 1;
  const bool voiced = periodicity_.voiced(frame);
  return edges_.push(webrtc && !ignored, voiced && !ignored, hangover_frames);
}

}  // namespace parley
