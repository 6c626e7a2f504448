#include "plugins/turn/sentences.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace parley {
namespace {

using View = std::string_view;
constexpr View spaces = " \t\r\n";
constexpr View closing = "\"')]*";
constexpr auto none = View::npos;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool letter(char c) { return lower(c) || (c >= 'A' && c <= 'Z'); }

std::string trimmed(View s) {
  const auto begin = s.find_first_not_of(spaces);
  if (begin == none) return {};
  return std::string(s.substr(begin, s.find_last_not_of(spaces) - begin + 1));
}

// Whether the stop at `at` belongs to the word ahead of it: titles, initials, numbers of a list.
bool abbreviated(View text, std::size_t at) {
  const auto space = text.substr(0, at).find_last_of(" \t\r\n(\"");
  const View word =
      text.substr(space == none ? 0 : space + 1, at - (space == none ? 0 : space + 1));
  static constexpr std::array<View, 27> titles{"Dr",   "Mr",  "Mrs", "Ms",  "Prof", "St",     "Mt",
                                               "Jr",   "Sr",  "vs",  "e.g", "i.e",  "approx", "Gen",
                                               "Capt", "Lt",  "Sgt", "Rev", "Hon",  "No",     "Nos",
                                               "Fig",  "Apt", "Ste", "ext", "Feb",  "Dec"};
  if (word.empty()) return false;
  if (std::ranges::all_of(word, digit)) return space == none || text[space] == '\n';  // "1. First"
  if (word.size() == 1 && letter(word[0])) return word != "I";                        // "J. Smith"
  return std::ranges::find(titles, word) != titles.end();
}

// The end of the run of stops and closing quotes that starts at `at`; 0: no stop stands there.
std::size_t stop_end(View text, std::size_t at) {
  static constexpr std::array<View, 7> stops{".", "!", "?", "\u2026", "\u3002", "\uFF01", "\uFF1F"};
  auto end = at;
  for (bool more = true; more;) {
    more = false;
    for (const auto stop : stops)
      if (text.substr(end).starts_with(stop)) end += stop.size(), more = true;
  }
  if (end == at) return 0;
  for (bool more = true; more;) {
    more = false;
    for (const View quote : {View("\u201D"), View("\u2019")})
      if (text.substr(end).starts_with(quote)) end += quote.size(), more = true;
    if (end < text.size() && closing.find(text[end]) != none) ++end, more = true;
  }
  return end;
}

bool wide_stop(View stop) {
  return stop.starts_with("\xE3\x80\x82") || stop.starts_with("\xEF\xBC");
}

// `text` without a character at its end that has not arrived whole.
View whole_characters(View text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto c = static_cast<unsigned char>(text[text.size() - back]);
    if (c < 0x80) break;
    if (c < 0xC0) continue;
    const std::size_t size = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    return size > back ? text.substr(0, text.size() - back) : text;
  }
  return text;
}

enum class Verdict { cut, no, wait };

Verdict judge(View text, std::size_t at, std::size_t end) {
  const View stop = text.substr(at, end - at);
  if (end == text.size()) return Verdict::wait;
  if (wide_stop(stop)) return Verdict::cut;  // such languages put no space
  if (spaces.find(text[end]) == none) return Verdict::no;
  const auto next = text.find_first_not_of(spaces, end);
  if (next == none) return Verdict::wait;
  if (lower(text[next])) return Verdict::no;
  return stop.starts_with('.') && stop.find('.', 1) == none && abbreviated(text, at) ? Verdict::no
                                                                                     : Verdict::cut;
}

// Where an endless text is cut: behind the last comma that leaves a decent part, else the last
// space.
std::size_t forced_cut(View text) {
  const View head = text.substr(0, SentenceCutter::longest);
  const auto comma = head.find_last_of(",;:");
  if (comma != none && comma > head.size() / 3 && comma + 1 < text.size() &&
      spaces.find(text[comma + 1]) != none)
    return comma + 1;
  const auto space = head.find_last_of(spaces);
  if (space != none && space > 0) return space;
  auto end = head.size();  // one endless word: never inside a UTF-8 character
  while (end > 1 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return end;
}

// The next cut at or behind `from`; nothing: not yet. `from` moves to where the next look starts.
std::optional<std::size_t> find_cut(View text, std::size_t& from, std::size_t shortest) {
  while (from < text.size()) {
    if (text[from] == '\n' && !trimmed(text.substr(0, from)).empty()) return from + 1;
    const auto end = stop_end(text, from);
    if (end == 0) {
      ++from;
      continue;
    }
    const auto verdict = judge(text, from, end);
    if (verdict == Verdict::wait) break;
    if (verdict == Verdict::cut && trimmed(text.substr(0, end)).size() >= shortest) return end;
    from = end;
  }
  if (text.size() > SentenceCutter::longest) return forced_cut(text);
  return {};
}

}  // namespace

std::vector<std::string> SentenceCutter::push(View piece) {
  text_ += piece;
  std::vector<std::string> sentences;
  while (const auto cut =
             find_cut(whole_characters(text_), seen_, first_ ? shortest_first : shortest)) {
    auto sentence = trimmed(View(text_).substr(0, *cut));
    text_.erase(0, *cut);
    seen_ = 0;
    if (sentence.empty()) continue;
    first_ = false;
    sentences.push_back(std::move(sentence));
  }
  return sentences;
}

std::string SentenceCutter::finish() {
  auto rest = trimmed(text_);
  *this = {};
  return rest;
}

}  // namespace parley
