#include "plugins/agent/slots.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace parley {
namespace {

using Words = std::vector<std::string>;
using Set = std::set<std::string, std::less<>>;

const Set hesitations = {"um",     "uh",  "uhm",  "hm",   "hmm",   "er",   "erm", "well",
                         "so",     "let", "me",   "see",  "hold",  "on",   "one", "moment",
                         "second", "a",   "just", "wait", "think", "okay", "the"};
// Words that alone say nothing about why somebody calls.
const Set empty_words = {
    "um",   "uh",   "hm",   "hmm", "er",   "well", "so",    "a",     "an",    "the",  "i",
    "i'm",  "i'd",  "i've", "am",  "is",   "it",   "it's",  "to",    "of",    "for",  "and",
    "or",   "but",  "my",   "me",  "you",  "your", "we",    "would", "like",  "want", "wanted",
    "this", "that", "in",   "on",  "at",   "with", "about", "be",    "was",   "have", "do",
    "just", "yes",  "yeah", "no",  "okay", "oh",   "hello", "hi",    "please"};

const Set yes_words = {"yes",   "yeah",    "yep",     "yup",         "yea",        "correct",
                       "right", "sure",    "exactly", "absolutely",  "okay",       "ok",
                       "fine",  "perfect", "indeed",  "affirmative", "definitely", "certainly"};
const Set no_words = {"no", "nope", "nah", "wrong", "incorrect", "negative", "false"};
const Set turning_words = {"not", "isn't", "ain't", "wasn't", "never"};
const std::array yes_phrases = {"of course",  "that's it",   "that is it",  "it is",
                                "you got it", "sounds good", "that's good", "i do",
                                "i am",       "uh huh",      "mm hmm"};

std::string_view digit_of(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> table = {
      {{"zero", "0"},
       {"oh", "0"},
       {"o", "0"},
       {"nought", "0"},
       {"one", "1"},
       {"two", "2"},
       {"three", "3"},
       {"four", "4"},
       {"five", "5"},
       {"six", "6"},
       {"seven", "7"},
       {"eight", "8"},
       {"nine", "9"}}};
  for (const auto& [name, digit] : table)
    if (word == name) return digit;
  return {};
}

bool all_digits(std::string_view word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c); });
}

unsigned times_of(std::string_view word) {
  return word == "double" ? 2 : word == "triple" || word == "treble" ? 3 : 1;
}

std::string letters_only(std::string_view text) {
  std::string letters;
  for (const unsigned char c : text)
    if (std::isalpha(c)) letters += char(std::tolower(c));
  return letters;
}

// A run of single letters within `words`, the longest; "as in nancy" and "for nancy" are skipped.
std::string longest_spelling(const Words& words) {
  std::string best, run;
  unsigned times = 1;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& w = words[i];
    if (w.size() == 1 && std::isalpha(static_cast<unsigned char>(w[0]))) {
      run.append(times, w[0]);
      times = 1;
    } else if (times_of(w) > 1) {
      times = times_of(w);
    } else if (!run.empty() && w == "as" && i + 2 < words.size() && words[i + 1] == "in") {
      i += 2;
    } else if (!run.empty() && w == "for" && i + 1 < words.size() && words[i + 1].size() > 1 &&
               words[i + 1][0] == run.back()) {
      i += 1;
    } else {
      if (run.size() > best.size()) best = run;
      run.clear();
      times = 1;
    }
  }
  return run.size() > best.size() ? run : best;
}

// How well a choice fits: 0 not, then a near spelling, a part of the name, an exact spelling of a
// part, all of it.
unsigned fit(const std::string& text, const Words& words, const std::string& spelling,
             const std::string& choice) {
  const auto plain = normal(choice);
  if (contains_words(text, plain)) return 1000 + unsigned(plain.size());
  const auto parts = words_of(plain);
  unsigned best = 0;
  if (spelling.size() >= 2) {
    if (spelling == letters_only(plain)) return 900;
    for (const auto& p : parts) {
      if (spelling == letters_only(p))
        best = std::max(best, 800u);
      else if (p.size() >= 4 && spelling.size() >= 4 &&
               edit_distance(spelling, letters_only(p)) == 1)
        best = std::max(best, 200u);
    }
    if (spelling.size() >= 6 && edit_distance(spelling, letters_only(plain)) <= 2)
      best = std::max(best, 300u);
  }
  for (const auto& p : parts)
    if (p.size() > 2 && std::count(words.begin(), words.end(), p))
      best = std::max(best, 400 + unsigned(p.size()));
  return best;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string normal(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool inside = c == '\'' && !out.empty() && out.back() != ' ' && i + 1 < text.size() &&
                        std::isalpha(static_cast<unsigned char>(text[i + 1]));
    if (std::isalnum(c) || c >= 0x80 || inside)
      out += char(std::tolower(c));
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

Words words_of(std::string_view text) {
  const auto plain = normal(text);
  Words words;
  for (std::size_t at = 0; at < plain.size();) {
    const auto end = std::min(plain.find(' ', at), plain.size());
    words.push_back(plain.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::string join(const Words& parts, std::string_view between) {
  std::string all;
  for (const auto& p : parts) {
    if (!all.empty()) all += between;
    all += p;
  }
  return all;
}

bool contains_words(std::string_view text, std::string_view phrase) {
  if (phrase.empty()) return false;
  for (auto at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1)) {
    const auto end = at + phrase.size();
    if ((at == 0 || text[at - 1] == ' ') && (end == text.size() || text[end] == ' ')) return true;
  }
  return false;
}

bool is_hesitation(std::string_view text) {
  const auto words = words_of(text);
  return !words.empty() && std::all_of(words.begin(), words.end(),
                                       [](const auto& w) { return hesitations.contains(w); });
}

bool has_content(std::string_view text) {
  const auto words = words_of(text);
  return std::any_of(words.begin(), words.end(),
                     [](const auto& w) { return !empty_words.contains(w); });
}

std::optional<bool> yes_or_no(std::string_view text) {
  const auto plain = normal(text);
  bool yes = false, no = false, turned = false;
  for (const auto& w : words_of(plain)) {
    yes |= yes_words.contains(w);
    no |= no_words.contains(w);
    turned |= turning_words.contains(w);
  }
  for (const auto* phrase : yes_phrases) yes |= contains_words(plain, phrase);
  if (turned) return yes || no ? std::optional(false) : std::nullopt;
  if (yes == no) return std::nullopt;
  return yes;
}

std::optional<Picked> pick(std::string_view text, const std::vector<std::string>& choices) {
  const auto plain = normal(text);
  const auto words = words_of(plain);
  const auto spelling = longest_spelling(words);
  const std::string* best = nullptr;
  unsigned most = 0;
  bool tie = false;
  for (const auto& c : choices) {
    const auto f = fit(plain, words, spelling, c);
    if (f > most)
      most = f, best = &c, tie = false;
    else if (f && f == most)
      tie = true;
  }
  if (!best || tie) return std::nullopt;
  return Picked{*best, most >= 800};
}

std::string digits_in(std::string_view text) {
  std::string digits;
  unsigned times = 1;
  for (const auto& w : words_of(text)) {
    if (times_of(w) > 1) {
      times = times_of(w);
      continue;
    }
    if (const auto d = digit_of(w); !d.empty())
      digits.append(times, d[0]);
    else if (all_digits(w))
      digits += times > 1 && w.size() == 1 ? std::string(times, w[0]) : w;
    times = 1;
  }
  return digits;
}

std::string letters_in(std::string_view text) {
  const auto words = words_of(text);
  const auto spelling = longest_spelling(words);
  const auto singles =
      std::count_if(words.begin(), words.end(), [](const auto& w) { return w.size() == 1; });
  return spelling.size() >= std::size_t(singles) ? spelling : std::string();
}

std::string speak_digits(std::string_view digits) {
  std::vector<std::size_t> groups;
  if (digits.size() == 7)
    groups = {3, 4};
  else if (digits.size() == 10)
    groups = {3, 3, 4};
  else
    for (std::size_t left = digits.size(); left;) {
      const auto take = left == 4 ? 2 : std::min<std::size_t>(3, left);
      groups.push_back(take);
      left -= take;
    }
  std::string out;
  std::size_t at = 0;
  for (const auto size : groups) {
    if (!out.empty()) out += ", ";
    for (std::size_t i = 0; i < size; ++i, ++at) {
      if (i) out += ' ';
      out += digits[at];
    }
  }
  return out;
}

std::string speak_letters(std::string_view letters) {
  std::string out;
  for (const unsigned char c : letters) {
    if (!std::isalnum(c)) continue;
    if (!out.empty()) out += ", ";
    out += char(std::toupper(c));
  }
  return out;
}

std::vector<std::string> holes_of(std::string_view text) {
  std::vector<std::string> names;
  for (auto at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) break;
    names.emplace_back(text.substr(at + 1, end - at - 1));
  }
  return names;
}

}  // namespace parley
