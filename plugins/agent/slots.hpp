// slots: what a caller's words mean, given what was asked: yes or no, one of a list, digits,
// letters.
//
// Recognisers write what they hear in different ways ("Oh five, double 5.", "B. R. O. W. N."), so
// every function takes text as it came. Nothing here knows a dialogue.
// Threads: none; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

// Lower case, words and digits only, one blank between: "B. Brown's!" is "b brown's".
std::string normal(std::string_view text);
std::vector<std::string> words_of(std::string_view text);  // of the normal form
std::string join(const std::vector<std::string>& parts, std::string_view between);

std::size_t edit_distance(std::string_view a, std::string_view b);

// True: the words of `phrase` stand together in `text` (both normal).
bool contains_words(std::string_view text, std::string_view phrase);

// "um, let me see": somebody thinks. "i would like to": nothing has been said yet.
bool is_hesitation(std::string_view text);
bool has_content(std::string_view text);

std::optional<bool> yes_or_no(std::string_view text);

struct Picked {
  std::string value;
  bool sure = true;  // false: part of the name, or a spelling that is nearly right
};
// One of `choices`, named or spelled anywhere in `text`; nothing when two fit equally well.
std::optional<Picked> pick(std::string_view text, const std::vector<std::string>& choices);

// "oh five double five 12" is "0555 12" without the blank; nothing that is no digit counts.
std::string digits_in(std::string_view text);
// "b r o w n", "n as in nancy": letters only; empty when there are words beside them.
std::string letters_in(std::string_view text);

// How a value is read out: digits in groups, letters one by one.
std::string speak_digits(std::string_view digits);
std::string speak_letters(std::string_view letters);

std::vector<std::string> holes_of(std::string_view text);  // the names in {braces}

}  // namespace parley
