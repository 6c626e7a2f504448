// sphinx_language: from what a caller is expected to say to a language that pocketsphinx can listen
// for: a grammar (JSGF) for a closed question, a bigram model (ARPA) for a free one.
//
// A grammar hears nothing but itself, and so is right far more often; for a reason in free words a
// bigram over examples and common words understands wordings that no example has. Pure.
// Threads: any.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plugins/providers/stt.hpp"

namespace parley::sphinx {

struct Language {
  enum class Kind { grammar, bigram };
  Kind kind = Kind::grammar;
  std::string text{};                // JSGF or ARPA
  std::vector<std::string> words{};  // that it uses; sorted, each once
  double word_insertion = 0.1;       // the decoder's -wip
  double least_score = 0;            // below it, by frame against any sounds, it was none of this
};

using IsWord = std::function<bool(const std::string&)>;

// `is_word`: whether a pronunciation is known. Words without one are left out of a bigram; a phrase
// with one is left out of a grammar of ours; in a given grammar they stay, never to be heard.
// `unknown` gets each such word.
Language language_for(const SttExpectation& expectation, const IsWord& is_word,
                      std::vector<std::string>& unknown);

std::vector<std::string> words_of_jsgf(const std::string& grammar);

}  // namespace parley::sphinx
