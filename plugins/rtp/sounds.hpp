// sounds: sound files as the calls play them: one channel, at the rate of the call, read once.
//
// Any format libsndfile reads; without a path the hold signal, which is made here: two soft notes
// every four seconds, so that nobody on hold thinks that the line is dead. A file is read when the
// first call wants it and kept as long as one plays it.
//
// Threads: any; it waits for the disk, so a worker, never a loop.
#pragma once

#include <string>

#include "engine/base/result.hpp"
#include "plugins/rtp/mixer.hpp"

namespace parley {

inline constexpr unsigned longest_sound_s = 600;

struct WantedSound {
  std::string path{};    // empty: the hold signal
  unsigned rate = 8000;  // of what is wanted
  bool loop = false;     // with its seam blended
};
// The error is a sentence with the path: no such file, not a sound, longer than ten minutes.
Result<SoundRef> load_sound(const WantedSound& wanted);

}  // namespace parley
