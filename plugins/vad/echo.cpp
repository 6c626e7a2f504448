#include "plugins/vad/echo.hpp"

#include <speex/speex_echo.h>

#include <algorithm>
#include <array>

#include "engine/base/assert.hpp"
#include "plugins/dsp/level.hpp"

namespace parley {
namespace {
constexpr unsigned tail_ms = 256;
constexpr unsigned frame_ms = 20;
constexpr int frames_after = int(tail_ms / frame_ms) + 1;
constexpr std::size_t frames_kept = frames_after + 1;
constexpr int frames_to_learn = 2000 / frame_ms;
constexpr float softer = 0.16F;  // 8 dB
constexpr float fading = 0.95F;  // a frame: the loudest of the tail decides

float power(std::span<const std::int16_t> frame) {
  float sum = 0;
  for (const float s : frame) sum += s * s;
  return sum / float(frame.size());
}
}  // namespace

void EchoCanceller::Free::operator()(SpeexEchoState_* state) const {
  speex_echo_state_destroy(state);
}

EchoCanceller::EchoCanceller(unsigned rate) : rate_(rate), out_(rate * frame_ms / 1000) {}

std::span<const std::int16_t> EchoCanceller::push(std::span<const std::int16_t> heard,
                                                  std::span<const std::int16_t> sent,
                                                  bool sounding) {
  if (sounding) frames_left_ = frames_after;
  doubtful_ = false;
  if (!active()) return heard;
  if (!sounding) --frames_left_;
  PARLEY_ASSERT(heard.size() == out_.size() && sent.size() == out_.size());
  sent_power_ = std::max(power(sent), sent_power_ * fading);
  if (is_silent(heard)) {
    skip(sent);
    return heard;
  }
  catch_up();
  feed(heard, sent);
  if (frames_learnt_ < frames_to_learn) {
    ++frames_learnt_;
    doubtful_ = power(out_) < softer * sent_power_;
  }
  return out_;
}

void EchoCanceller::change_rate(unsigned rate) {
  rate_ = rate;
  state_.reset();
  skipped_.clear();
  out_.assign(rate * frame_ms / 1000, 0);
  frames_learnt_ = 0;
}

void EchoCanceller::skip(std::span<const std::int16_t> sent) {
  if (skipped_.size() == frames_kept * sent.size())
    skipped_.erase(skipped_.begin(), skipped_.begin() + std::ptrdiff_t(sent.size()));
  skipped_.insert(skipped_.end(), sent.begin(), sent.end());
}

// Nothing came back of what was sent then.
void EchoCanceller::catch_up() {
  static constexpr std::array<std::int16_t, 16000 * frame_ms / 1000> silence{};
  for (std::size_t i = 0; i < skipped_.size(); i += out_.size())
    feed(std::span(silence).first(out_.size()), std::span(skipped_).subspan(i, out_.size()));
  skipped_.clear();
}

void EchoCanceller::feed(std::span<const std::int16_t> heard, std::span<const std::int16_t> sent) {
  if (!state_) {
    state_.reset(speex_echo_state_init(int(out_.size()), int(rate_ * tail_ms / 1000)));
    int rate = int(rate_);
    speex_echo_ctl(state_.get(), SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
  }
  speex_echo_cancellation(state_.get(), heard.data(), sent.data(), out_.data());
}

}  // namespace parley
