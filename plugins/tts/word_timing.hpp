// word_timing: when each written word has been said, from when each spoken one has.
//
// Threads: none; a function.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "plugins/tts/normalize.hpp"

namespace parley::tts {

// `token_ends`: the end of each white-space separated word of spoken_text(words), in samples. When
// their number does not agree, time is shared out by the length of the words. Ascending, and never
// beyond `samples`.
std::vector<std::size_t> word_ends(const std::vector<SpokenWord>& words,
                                   std::span<const std::size_t> token_ends, std::size_t samples);

}  // namespace parley::tts
