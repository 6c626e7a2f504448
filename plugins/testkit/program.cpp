#include "plugins/testkit/program.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "plugins/testkit/wav.hpp"

namespace parley::caller {
namespace {

constexpr std::size_t longest_samples = 10 * 60 * 8000;  // of one step

Result<Sound> sound_of(const Step& step, const Casting& casting, Voices& voices) {
  switch (step.what) {
    case Do::say:
    case Do::interrupt:
      return voices.say(step.voice.empty() ? casting.voice : step.voice, step.text);
    case Do::play: {
      auto wav = read_wav((std::filesystem::path(casting.folder) / step.text).string());
      if (!wav) return Error{wav.error()};
      auto sound = to_line(*wav);
      if (sound.empty() || sound.size() > longest_samples) {
        return Error{fmt::format("{}: a sound of 1 sample to 10 minutes is needed", step.text)};
      }
      return sound;
    }
    default:
      return Sound{};
  }
}

}  // namespace

Result<ProgramRef> prepare(const Script& script, const Casting& casting, Voices& voices) {
  auto program = std::make_shared<Program>();
  program->steps = script.steps;
  if (script.noise_db) program->noise_rms = speech_rms / std::pow(10, *script.noise_db / 20);
  for (const auto& step : script.steps) {
    auto sound = sound_of(step, casting, voices);
    if (!sound) return Error{fmt::format("line {}: {}", step.line, sound.error())};
    program->sounds.push_back(*std::move(sound));
  }
  return ProgramRef(std::move(program));
}

}  // namespace parley::caller
