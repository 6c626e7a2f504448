// normalize: text as people write it, to words as a simple synthesiser says them right.
//
// flite reads $350.75, 10:30 and "Dr." well; it misreads 12/5 ("twelve slash five"), #42, "Dec.",
// 98
// ("nine eight"), VINs and whatever is not ASCII. Telephone numbers come out digit by digit, in
// groups with a pause between. Each written word keeps its place, so that word times can be told in
// the words of the transcript. English only.
//
// Threads: none; a function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::tts {

struct SpokenWord {
  std::string written;  // as it stands in the text, punctuation included
  std::string spoken;   // words of plain ASCII; empty: this is not said
  bool operator==(const SpokenWord&) const = default;
};

std::vector<SpokenWord> normalize(std::string_view text);
std::string spoken_text(const std::vector<SpokenWord>& words);

// How many words stand in `text`, and which: cut at white space.
std::vector<std::string_view> split_words(std::string_view text);

// Folds what people type beyond ASCII (quotes, dashes, accents) to it; the rest is left out.
std::string to_ascii(std::string_view text);

}  // namespace parley::tts
