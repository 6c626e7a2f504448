#include "plugins/tts/clauses.hpp"

#include "plugins/tts/normalize.hpp"

namespace parley::tts {
namespace {

// How good a place to cut is behind this word: 0 any, 1 behind a comma, 2 behind a sentence.
int quality(std::string_view word) {
  while (!word.empty() && std::string_view("\"')").find(word.back()) != std::string_view::npos)
    word.remove_suffix(1);
  if (word.empty()) return 0;
  if (std::string_view(".!?").find(word.back()) != std::string_view::npos)
    return word.size() > 3 ? 2 : 0;
  return std::string_view(",;:").find(word.back()) != std::string_view::npos ? 1 : 0;
}

// How many of `words` make the next piece: the last of the best places, but not a tiny piece.
std::size_t next_piece(const std::vector<std::string_view>& words, std::size_t first,
                       std::size_t longest) {
  std::size_t size = 0, best = first + 1;
  int best_quality = -1;
  for (std::size_t i = first; i < words.size(); ++i) {
    size += words[i].size() + (i > first ? 1 : 0);
    if (size > longest && i > first) return best;
    const int q = size * 4 >= longest ? quality(words[i]) : 0;
    if (q >= best_quality) best = i + 1, best_quality = q;
  }
  return words.size();
}

}  // namespace

std::vector<std::string> clauses(std::string_view text, std::size_t longest) {
  const auto words = split_words(text);
  std::vector<std::string> pieces;
  for (std::size_t first = 0; first < words.size();) {
    const auto end = next_piece(words, first, longest);
    std::string piece;
    for (; first < end; ++first) {
      if (!piece.empty()) piece += ' ';
      piece += words[first];
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace parley::tts
