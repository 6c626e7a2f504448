// voices: the callers' voices: flite's (in this process) and espeak-ng's (as a program).
//
// A line is synthesised once, ahead of the call, brought to 8 kHz and to one level, and kept, so
// that fifty callers with one script cost one synthesis. The same text gives the same samples
// always. Threads: one at a time; it blocks, so never on a loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"

namespace parley::caller {

using Sound = std::vector<std::int16_t>;  // 8 kHz

// What every voice is brought to, measured over its voiced frames: -26 dB of full scale.
constexpr double speech_rms = 1640;

class Voices {
 public:
  static constexpr std::size_t most_lines = 4096;

  // `voice`: kal, kal16, rms, slt, awb (flite), or espeak:NAME as in "espeak:en-us+f3". espeak-ng
  // itself takes its default voice for a NAME that it does not know.
  Result<Sound> say(const std::string& voice, const std::string& text);

  static std::string known();  // the names, for people

 private:
  std::map<std::pair<std::string, std::string>, Sound> kept_;
};

// Cuts the silence off both ends (to 40 ms) and sets the level.
Sound tidy(Sound sound);

}  // namespace parley::caller
