#include "plugins/vad/front_end.hpp"

namespace parley {
namespace {

constexpr int suppressed_db = -18;    // noise is lowered by so much at most
constexpr float target_level = 8000;  // of speech, as speexdsp counts it
constexpr int most_gain_db = 24;
constexpr int rise_db = 6, fall_db = -20;  // a second

}  // namespace

FrontEnd::FrontEnd(unsigned rate, std::size_t frame_samples)
    : rate_(rate), frame_samples_(frame_samples), state_(nullptr, speex_preprocess_state_destroy) {}

void FrontEnd::run(const Wanted& wanted, std::span<std::int16_t> frame) {
  if (wanted != wanted_) {
    wanted_ = wanted;
    state_.reset();
    if (wanted != Wanted{}) state_ = make();
  }
  if (state_) speex_preprocess_run(state_.get(), frame.data());
}

std::unique_ptr<SpeexPreprocessState, void (*)(SpeexPreprocessState*)> FrontEnd::make() const {
  auto* state = speex_preprocess_state_init(int(frame_samples_), int(rate_));
  const auto set = [&](int what, auto value) { speex_preprocess_ctl(state, what, &value); };
  set(SPEEX_PREPROCESS_SET_DENOISE, int(wanted_.noise_suppression));
  set(SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, suppressed_db);
  set(SPEEX_PREPROCESS_SET_AGC, int(wanted_.agc));
  set(SPEEX_PREPROCESS_SET_AGC_LEVEL, target_level);
  set(SPEEX_PREPROCESS_SET_AGC_MAX_GAIN, most_gain_db);
  set(SPEEX_PREPROCESS_SET_AGC_INCREMENT, rise_db);
  set(SPEEX_PREPROCESS_SET_AGC_DECREMENT, fall_db);
  return {state, speex_preprocess_state_destroy};
}

}  // namespace parley
