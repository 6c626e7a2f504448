#include "plugins/rtp/mixer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace parley {
namespace {

constexpr float fade_s = 0.06f;

std::int16_t limited(float sample) {
  return std::int16_t(std::lround(std::clamp(sample, -32768.0f, 32767.0f)));
}

}  // namespace

std::vector<std::int16_t> make_loop(std::vector<std::int16_t> samples, std::size_t blend) {
  if (blend == 0 || samples.size() < 2 * blend) return samples;
  const auto kept = samples.size() - blend;
  for (std::size_t i = 0; i < blend; ++i) {
    // Both parts of a noise have nothing in common: their powers add, not their amplitudes.
    const auto in = std::sqrt(float(i) / float(blend));
    const auto out = std::sqrt(1 - float(i) / float(blend));
    samples[i] = limited(in * float(samples[i]) + out * float(samples[kept + i]));
  }
  samples.resize(kept);
  return samples;
}

void Mixer::play(const std::string& name, SoundRef sound, double gain_db, Loop loop) {
  const auto gain = float(std::pow(10, gain_db / 20));
  for (auto& input : inputs_) {
    if (input.name != name || !input.narrow || !sound || sound->empty()) continue;
    input.at = (2 * input.at + std::size_t(input.between)) % sound->size();
    input.sound = std::move(sound);
    input.narrow = input.between = false;
    input.full = input.target = gain;
    return;
  }
  std::erase_if(inputs_, [&](const Input& input) { return input.name == name; });
  if (!sound || sound->empty()) return;
  inputs_.push_back(
      {.name = name, .sound = std::move(sound), .loop = loop, .full = gain, .target = gain});
}

void Mixer::stop(std::string_view name) {
  for (auto& input : inputs_)
    if (input.name == name) input.target = 0;
}

void Mixer::widen() {
  rate_ *= 2;
  for (auto& input : inputs_) input.narrow = true;
}

// The next sample; behind the last one `at` is 0 again.
float Mixer::take(Input& input) {
  const auto& sound = *input.sound;
  const float sample = sound[input.at];
  const auto next = input.at + 1 < sound.size() ? input.at + 1 : 0;
  if (input.narrow && !std::exchange(input.between, !input.between)) return sample;
  input.at = next;
  return input.narrow ? (sample + float(sound[next])) / 2 : sample;
}

bool Mixer::playing(std::string_view name) const {
  return std::any_of(inputs_.begin(), inputs_.end(),
                     [&](const Input& input) { return input.name == name; });
}

bool Mixer::add(std::string_view name, std::span<std::int16_t> frame) {
  const auto found = std::find_if(inputs_.begin(), inputs_.end(),
                                  [&](const Input& input) { return input.name == name; });
  if (found == inputs_.end()) return false;
  auto& input = *found;
  const float step = input.full / (fade_s * float(rate_));
  bool over = false;
  for (auto& sample : frame) {
    input.gain += std::clamp(input.target - input.gain, -step, step);
    sample = limited(float(sample) + input.gain * take(input));
    if (input.at > 0 || input.between) continue;
    over = input.loop == Loop::no;
    if (over) break;
  }
  if (over || (input.target == 0 && input.gain <= 0)) inputs_.erase(found);
  return true;
}

}  // namespace parley
