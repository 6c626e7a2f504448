// sent_audio: a ring of what left last, addressed by the loop's time.
//
// A sample's place is its moment divided by the sample's length, so 20 ms frames on any grid lie
// side by side without rounding gaps.
//
// Threads: the call's loop.

#include <algorithm>

#include "engine/base/assert.hpp"
#include "plugins/dsp/level.hpp"
#include "plugins/dsp/rate_changer.hpp"
#include "plugins/rtp/call_media.hpp"

namespace parley {
namespace {

std::int64_t sample_at(Nanos moment, unsigned rate) {
  return moment / (Nanos(1s) / rate);  // exact for 8 and 16 kHz
}

}  // namespace

void SentAudio::put(Nanos when, unsigned rate, std::span<const std::int16_t> frame) {
  if (rate != rate_) take_rate(rate, when);
  if (is_silent(frame)) return;  // as a gap
  const auto size = std::int64_t(ring_.size());
  PARLEY_ASSERT(std::int64_t(frame.size()) <= size);
  const auto first = sample_at(when, rate);
  const auto end = sample_at(end_, rate);
  for (auto i = std::max(end, first - size); i < first; ++i) ring_[std::size_t(i % size)] = 0;
  const auto place = std::size_t(first % size);
  const auto before_the_wrap = std::min(frame.size(), ring_.size() - place);
  std::ranges::copy(frame.first(before_the_wrap), ring_.begin() + std::ptrdiff_t(place));
  std::ranges::copy(frame.subspan(before_the_wrap), ring_.begin());
  end_ = when + Nanos(1s) / rate * std::int64_t(frame.size());
}

// What is in the ring stays where it was when the rate rises; else the ring begins anew.
void SentAudio::take_rate(unsigned rate, Nanos when) {
  if (rate == 2 * rate_) {
    ring_ = doubled(ring_);
  } else {
    ring_.assign(std::size_t(kept * rate / Nanos(1s)), 0);
    end_ = when;
  }
  rate_ = rate;
}

bool SentAudio::get(Nanos from, unsigned rate, std::span<std::int16_t> out) const {
  std::fill(out.begin(), out.end(), std::int16_t(0));
  if (rate_ == 0 || from >= end_) return false;
  const auto size = std::int64_t(ring_.size());
  const auto end = sample_at(end_, rate_);
  const auto first = sample_at(from, rate);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto at = (first + std::int64_t(i)) * rate_ / rate;
    if (at < 0 || at < end - size || at >= end) continue;
    out[i] = ring_[std::size_t(at % size)];
    // From twice the rate: the mean of two. From half of it: each stands twice.
    if (rate_ == 2 * rate)
      out[i] = std::int16_t((out[i] + ring_[std::size_t((at + 1) % size)]) / 2);
  }
  return !is_silent(out);
}

}  // namespace parley
