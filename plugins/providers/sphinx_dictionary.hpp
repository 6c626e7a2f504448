// sphinx_dictionary: how words are pronounced: the model's dictionary, and excerpts of it.
//
// A decoder gets only the words it needs: with all 125,000 it would start in 200 ms, and an n-gram
// over them would stall for seconds. The full text is read once in a process, at first use.
//
// Threads: any; reading is done under a lock.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace parley::sphinx {

class Dictionary {
 public:
  static const Dictionary& shared();  // of the installed model; empty when it is not there

  explicit Dictionary(std::string text);
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  bool has(std::string_view word) const { return lines_.contains(word); }
  std::size_t words() const { return lines_.size(); }
  // Lines of a dictionary file for `words`, all their pronunciations. A word that is not known gets
  // one that nobody will ever say, so that a grammar with it can be loaded.
  std::string excerpt(std::span<const std::string> words) const;

 private:
  const std::string text_;
  std::unordered_map<std::string_view, std::vector<std::string_view>> lines_;
};

// Lower case, no punctuation but apostrophes, digits as words: as the dictionary and our grammars
// have it. "Call 555-1234, please!" -> "call five five five one two three four please".
std::string spoken_form(std::string_view text);
std::vector<std::string> split_words(std::string_view text);

}  // namespace parley::sphinx
