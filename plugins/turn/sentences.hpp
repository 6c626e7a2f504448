// sentences: cuts a growing text where a voice may start, so that the first sentence is spoken
// while the rest is still being written.
//
// A cut needs a full stop (or ! ? or an ellipsis), white space, and the character behind it: "3."
// may become "3.5", "Dr." and "J." are no ends, and a small letter goes on. So the sentences are
// the same however the text arrived. A line break always cuts. A text that never ends is cut at a
// comma, or between words, before it grows beyond `longest`.
//
// Threads: none; a value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

class SentenceCutter {
 public:
  static constexpr std::size_t shortest_first = 4;  // bytes: "Yes." may start at once
  static constexpr std::size_t shortest = 12;       // later ones wait for company
  static constexpr std::size_t longest = 300;

  // The sentences that `piece` completes, trimmed, none of them empty. Joined by spaces they are
  // the text.
  std::vector<std::string> push(std::string_view piece);
  // What is left, trimmed; empty: nothing. The next text starts anew.
  std::string finish();

 private:
  std::string text_;
  std::size_t seen_ = 0;  // no cut before here
  bool first_ = true;
};

}  // namespace parley
