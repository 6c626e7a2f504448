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
  std::erase_if(inputs_, [&](const Input& input) { return input.name == name; });
  if (!sound || sound->empty()) return;
  const auto gain = float(std::pow(10, gain_db / 20));
  inputs_.push_back(
      {.name = name, .sound = std::move(sound), .loop = loop, .full = gain, .target = gain});
}

void Mixer::stop(std::string_view name) {
  for (auto& input : inputs_)
    if (input.name == name) input.target = 0;
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
  const auto& sound = *input.sound;
  const float step = input.full / (fade_s * float(rate_));
  bool over = false;
  for (auto& sample : frame) {
    input.gain += std::clamp(input.target - input.gain, -step, step);
    sample = limited(float(sample) + input.gain * float(sound[input.at]));
    if (++input.at < sound.size()) continue;
    input.at = 0;
    over = input.loop == Loop::no;
    if (over) break;
  }
  if (over || (input.target == 0 && input.gain <= 0)) inputs_.erase(found);
  return true;
}

}  // namespace parley
