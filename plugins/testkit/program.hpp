// program: a script with its sounds: everything a caller will say, ready before the call begins.
//
// Shared by as many callers as play it; never changed once made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/testkit/script.hpp"
#include "plugins/testkit/voices.hpp"

namespace parley::caller {

struct Program {
  std::vector<Step> steps{};
  std::vector<Sound> sounds{};  // a step each; empty where it makes none
  double noise_rms = 0;         // of the line, all the time
};
using ProgramRef = std::shared_ptr<const Program>;

struct Casting {
  std::string voice = "rms";  // of the steps that name none
  std::string folder = ".";   // where the WAV files of `play` are
};

// Blocks for as long as the synthesis takes. Errors carry the script's line.
Result<ProgramRef> prepare(const Script& script, const Casting& casting, Voices& voices);

}  // namespace parley::caller
