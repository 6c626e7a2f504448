#include "plugins/tts/word_timing.hpp"

#include <algorithm>

namespace parley::tts {

std::vector<std::size_t> word_ends(const std::vector<SpokenWord>& words,
                                   std::span<const std::size_t> token_ends, std::size_t samples) {
  std::size_t tokens = 0, letters = 0;
  for (const auto& w : words) tokens += split_words(w.spoken).size(), letters += w.spoken.size();
  std::vector<std::size_t> ends;
  std::size_t used = 0, last = 0;
  for (const auto& w : words) {
    if (tokens == token_ends.size()) {
      used += split_words(w.spoken).size();
      if (used > 0) last = std::max(last, token_ends[used - 1]);
    } else {
      used += w.spoken.size();
      last = std::max(last, samples * used / std::max<std::size_t>(letters, 1));
    }
    last = std::min(last, samples);
    ends.push_back(last);
  }
  return ends;
}

}  // namespace parley::tts
