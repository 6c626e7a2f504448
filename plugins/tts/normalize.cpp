#include "plugins/tts/normalize.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "plugins/tts/numbers.hpp"

namespace parley::tts {
namespace {

using View = std::string_view;

constexpr std::array months{"January", "February", "March",     "April",   "May",      "June",
                            "July",    "August",   "September", "October", "November", "December"};

bool digit(char c) { return c >= '0' && c <= '9'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool letter(char c) { return upper(c) || (c >= 'a' && c <= 'z'); }
char lower(char c) { return upper(c) ? char(c + 32) : c; }
bool all_digits(View s) { return !s.empty() && std::ranges::all_of(s, digit); }

std::string lowered(View s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

unsigned number(View digits) {  // at most 9 digits
  unsigned n = 0;
  for (const char c : digits.substr(0, 9)) n = n * 10 + unsigned(c - '0');
  return n;
}

// A word without the brackets and stops around it, and what stood behind it.
struct Token {
  std::string_view written;
  std::string core;
  std::string stop;  // of ",.;:!?", what the voice should do at its end
};

Token tokenize(View written) {
  Token t{.written = written, .core = {}, .stop = {}};
  std::string s = to_ascii(written);
  std::erase_if(s, [](char c) { return View("*_`\"<>[]{}|~^\\").find(c) != View::npos; });
  auto begin = s.find_first_not_of("('");
  if (begin == std::string::npos) return t;
  auto end = s.size();
  while (end > begin && View(",.;:!?)'").find(s[end - 1]) != View::npos) --end;
  for (const char c : View(s).substr(end))
    if (View(",.;:!?").find(c) != View::npos && (t.stop.empty() || t.stop == ".")) t.stop = c;
  if (end < s.size() && s[end] == ')' && t.stop.empty() &&
      all_digits(View(s).substr(begin, end - begin)))
    t.stop = ",";  // (555) 123-4567
  t.core = s.substr(begin, end - begin);
  return t;
}

// Splits at any of `marks`; false when a part is empty.
bool split(View s, View marks, std::vector<View>& parts) {
  parts.clear();
  for (;;) {
    const auto at = s.find_first_of(marks);
    parts.push_back(s.substr(0, at));
    if (parts.back().empty()) return false;
    if (at == View::npos) return true;
    s.remove_prefix(at + 1);
  }
}

std::string grouped(View digits) {
  std::vector<std::size_t> sizes;
  const auto n = digits.size();
  if (n == 11)
    sizes = {1, 3, 3, 4};
  else if (n == 10)
    sizes = {3, 3, 4};
  else if (n == 7)
    sizes = {3, 4};
  else if (n <= 5)
    sizes = {n};
  else
    for (auto left = n; left > 0; left -= sizes.back())
      sizes.push_back(left == 4 ? 4 : std::min<std::size_t>(left, 3));
  std::string out;
  for (const auto size : sizes) {
    if (!out.empty()) out += ", ";
    out += digit_words(digits.substr(0, size));
    digits.remove_prefix(size);
  }
  return out;
}

// What a rule sees: the word and its neighbours.
struct Context {
  const Token& word;
  const Token* before;
  const Token* after;
};
using Spoken = std::optional<std::string>;
using Rule = Spoken (*)(const Context&);

Spoken telephone(const Context& c) {
  View s = c.word.core;
  std::string plus;
  if (s.starts_with('+')) plus = "plus ", s.remove_prefix(1);
  const auto digits = std::size_t(std::ranges::count_if(s, digit));
  if (digits < 7 || digits > 15 || !digit(s.front())) return {};
  if (all_digits(s)) return plus + grouped(s);
  std::vector<View> parts;
  std::string bare(s);
  std::erase_if(bare, [](char ch) { return ch == '(' || ch == ')'; });
  if (!split(bare, "-./", parts) || !std::ranges::all_of(parts, all_digits)) return {};
  std::string out;
  for (const auto part : parts) out += (out.empty() ? "" : ", ") + grouped(part);
  return plus + out;
}

bool group_of_number(const Token* t) {
  if (!t) return false;
  const View s = t->core;
  if (all_digits(s)) return s.size() == 3 || s.size() == 4;
  return s.size() == 8 && s[3] == '-' && all_digits(s.substr(0, 3)) && all_digits(s.substr(4));
}

// "555 123 4567": three digits with more of a telephone number around them.
Spoken number_group(const Context& c) {
  const View s = c.word.core;
  if (!all_digits(s) || (s.size() != 3 && s.size() != 4)) return {};
  const bool more = group_of_number(c.after) && c.word.stop.find_first_not_of(',') == View::npos;
  if (s.size() == 3 && more) return digit_words(s) + (c.word.stop.empty() ? "," : "");
  const bool less = group_of_number(c.before) && c.before->core.size() == 3;
  return less ? Spoken(digit_words(s)) : Spoken();
}

Spoken long_digits(const Context& c) {
  const View s = c.word.core;
  if (!all_digits(s) || (s.size() < 5 && !(s.size() > 1 && s[0] == '0'))) return {};
  return grouped(s);
}

Spoken date(const Context& c) {
  std::vector<View> p;
  if (!split(c.word.core, "/", p) || p.size() < 2 || p.size() > 3) return {};
  if (!std::ranges::all_of(p, [](View x) { return all_digits(x) && x.size() <= 4; })) return {};
  static constexpr std::array<std::pair<View, View>, 5> fractions{{{"1/2", "one half"},
                                                                   {"1/3", "one third"},
                                                                   {"2/3", "two thirds"},
                                                                   {"1/4", "one quarter"},
                                                                   {"3/4", "three quarters"}}};
  for (const auto& [written, spoken] : fractions)
    if (c.word.core == written) return std::string(spoken);
  const unsigned month = number(p[0]), day = number(p[1]);
  if (p.size() == 2 && (month < 1 || month > 12 || day < 1 || day > 31))
    return cardinal(month) + ' ' + cardinal(day);
  if (month < 1 || month > 12 || day < 1 || day > 31) return {};
  std::string out = std::string(months[month - 1]) + ' ' + ordinal(day);
  if (p.size() == 3) {
    const unsigned y = number(p[2]) + (p[2].size() == 2 ? 2000 : 0);
    if (y >= 1000 && y < 3000) out += ", " + year(y);
  }
  return out;
}

Spoken numbered(const Context& c) {
  const View s = View(c.word.core);
  if (!s.starts_with('#') || s.size() < 2) return {};
  const View rest = s.substr(1);
  if (!all_digits(rest)) return "number " + std::string(rest);
  return "number " + (rest.size() <= 4 && rest[0] != '0' ? cardinal(number(rest)) : grouped(rest));
}

std::string letters(View s) {
  std::string out;
  for (const char c : s) {
    if (!out.empty()) out += ' ';
    if (digit(c))
      out += digit_words(View(&c, 1));
    else
      out += char(upper(c) ? c : c - 32);
  }
  return out;
}

// VINs, plates, confirmation codes: letters and digits mixed, in groups of at most four.
Spoken code(const Context& c) {
  const View s = c.word.core;
  const auto digits = std::ranges::count_if(s, digit);
  const auto capitals = std::ranges::count_if(s, upper);
  if (s.size() < 4 || std::size_t(digits + capitals) != s.size() || digits < 2 || capitals < 1)
    return {};
  std::string out;
  for (std::size_t i = 0; i < s.size();) {
    const auto left = s.size() - i;
    const auto size = left == 5 ? 5 : std::min<std::size_t>(left, 4);
    out += (i ? ", " : "") + letters(s.substr(i, size));
    i += size;
  }
  return out;
}

// S-M-I-T-H, as a name is read back.
Spoken spelled(const Context& c) {
  std::vector<View> p;
  if (!split(c.word.core, "-", p) || p.size() < 2) return {};
  if (!std::ranges::all_of(p,
                           [](View x) { return x.size() == 1 && (letter(x[0]) || digit(x[0])); }))
    return {};
  if (std::ranges::none_of(p, [](View x) { return letter(x[0]); })) return {};
  std::string out;
  for (const auto x : p) out += (out.empty() ? "" : ", ") + letters(x);
  return out;
}

int month_of(View s) {  // 1 to 12; 0: none. "Dec", "Sept", "December"
  if (s.size() < 3 || !upper(s[0])) return 0;
  for (std::size_t i = 0; i < months.size(); ++i)
    if (months[i] == s || (s.size() == 3 && View(months[i]).starts_with(s)) ||
        (i == 8 && s == "Sept"))
      return int(i) + 1;
  return 0;
}

Spoken month(const Context& c) {
  const int m = month_of(c.word.core);
  const bool certain =
      c.word.stop == "." || (c.after && digit(c.after->core.empty() ? ' ' : c.after->core[0]));
  if (!m || !certain) return {};
  return std::string(months[std::size_t(m) - 1]);
}

Spoken day_of_month(const Context& c) {
  const View s = c.word.core;
  if (!c.before || !month_of(c.before->core) || !all_digits(s) || s.size() > 2) return {};
  const unsigned day = number(s);
  return day >= 1 && day <= 31 ? Spoken(ordinal(day)) : Spoken();
}

Spoken year_rule(const Context& c) {
  const View s = c.word.core;
  if (!all_digits(s) || s.size() != 4 || !c.before) return {};
  static constexpr std::array<View, 7> leads{"in", "since", "of", "year", "by", "until", "from"};
  const std::string lead = lowered(c.before->core);
  const unsigned y = number(s);
  const bool leads_to_year = std::ranges::find(leads, lead) != leads.end() ||
                             month_of(c.before->core) ||
                             (c.before->stop == "," && all_digits(lead) && lead.size() <= 2);
  return leads_to_year && y >= 1500 && y < 2100 ? Spoken(year(y)) : Spoken();
}

Spoken clock(const Context& c) {  // 5pm, 10:00, 10:05; the rest is read well
  View s = c.word.core;
  std::string half;
  const std::string low = lowered(s);
  for (const View suffix : {"am", "pm"})
    if (View(low).ends_with(suffix) && s.size() > 2 && digit(s[s.size() - 3])) {
      half = suffix == "am" ? " A M" : " P M";
      s.remove_suffix(2);
      break;
    }
  const auto colon = s.find(':');
  if (colon == View::npos)
    return !half.empty() && all_digits(s) && s.size() <= 2 ? Spoken(cardinal(number(s)) + half)
                                                           : Spoken();
  const View h = s.substr(0, colon), m = s.substr(colon + 1);
  if (!all_digits(h) || h.size() > 2 || !all_digits(m) || m.size() != 2) return {};
  const bool half_follows =
      c.after && (lowered(c.after->core) == "a.m" || lowered(c.after->core) == "p.m" ||
                  lowered(c.after->core) == "am" || lowered(c.after->core) == "pm");
  std::string minutes = m == "00"     ? (half.empty() && !half_follows ? " o'clock" : "")
                        : m[0] == '0' ? " oh " + cardinal(number(m))
                                      : " " + cardinal(number(m));
  return cardinal(number(h)) + minutes + half;
}

Spoken range(const Context& c) {  // 9-5; longer ones were telephone numbers
  std::vector<View> p;
  if (!split(c.word.core, "-", p) || p.size() != 2 || !std::ranges::all_of(p, all_digits))
    return {};
  const auto say = [](View d) { return d.size() <= 4 ? cardinal(number(d)) : grouped(d); };
  return say(p[0]) + " to " + say(p[1]);
}

Spoken plain_number(const Context& c) {
  const View s = c.word.core;
  return all_digits(s) && s.size() <= 3 ? Spoken(cardinal(number(s))) : Spoken();
}

Spoken money(const Context& c) {  // "$2.5 million"; to_ascii has made EUR and GBP of the signs
  const View s = c.word.core;
  static constexpr std::array<std::pair<View, View>, 2> units{
      {{"EUR", " euros"}, {"GBP", " pounds"}}};
  for (const auto& [sign, unit] : units)
    if (s.starts_with(sign) && s.size() > sign.size() && digit(s[sign.size()]))
      return std::string(s.substr(sign.size())) + std::string(unit);
  static constexpr std::array<View, 3> scales{"million", "billion", "thousand"};
  if (s.starts_with('$') && c.after && std::ranges::find(scales, c.after->core) != scales.end())
    return std::string(s.substr(1));
  if (c.before && c.before->core.starts_with('$') && std::ranges::find(scales, s) != scales.end())
    return std::string(s) + " dollars";
  return {};
}

Spoken abbreviation(const Context& c) {
  struct Entry {
    View written;
    View spoken;
    bool stop;
  };  // stop: only with a full stop behind it
  static constexpr Entry table[]{{"e.g", "for example", true},
                                 {"i.e", "that is", true},
                                 {"etc", "et cetera", true},
                                 {"vs", "versus", false},
                                 {"approx", "approximately", true},
                                 {"appt", "appointment", false},
                                 {"Apt", "apartment", false},
                                 {"Ave", "Avenue", false},
                                 {"Blvd", "Boulevard", false},
                                 {"Rd", "Road", false},
                                 {"Ste", "suite", true},
                                 {"ext", "extension", false},
                                 {"dept", "department", false},
                                 {"Dept", "department", false},
                                 {"SUV", "S U V", false},
                                 {"VIN", "vin", false},
                                 {"w/", "with", false},
                                 {"&", "and", false},
                                 {"+", "plus", false},
                                 {"=", "equals", false},
                                 {"%", "percent", false}};
  for (const auto& e : table)
    if (c.word.core == e.written && (!e.stop || c.word.stop == ".")) return std::string(e.spoken);
  static constexpr std::array<std::pair<View, View>, 9> weekdays{{{"Mon", "Monday"},
                                                                  {"Tue", "Tuesday"},
                                                                  {"Tues", "Tuesday"},
                                                                  {"Wed", "Wednesday"},
                                                                  {"Thu", "Thursday"},
                                                                  {"Thurs", "Thursday"},
                                                                  {"Fri", "Friday"},
                                                                  {"Sat", "Saturday"},
                                                                  {"Sun", "Sunday"}}};
  if (c.word.stop == "." && c.after)
    for (const auto& [written, spoken] : weekdays)
      if (c.word.core == written) return std::string(spoken);
  if (c.word.core == "No" && c.word.stop == "." && c.after && all_digits(c.after->core))
    return "number";
  return {};
}

// a@b.com, www.parley.com, and/or: signs between letters are words of their own.
Spoken signs(const Context& c) {
  const View s = c.word.core;
  std::string out;
  bool changed = false;
  const bool address = s.find('@') != View::npos;
  const auto last_dot = s.rfind('.');  // "Ph.D" and "a.m" are no names
  const bool named = last_dot != View::npos && s.size() - last_dot > 2;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool inside = i > 0 && i + 1 < s.size() && (letter(s[i - 1]) || letter(s[i + 1]));
    const bool dotted = s[i] == '.' && inside && named && s[i + 1] != '.';
    const View word = s[i] == '@'                          ? " at "
                      : dotted || (address && s[i] == '.') ? " dot "
                      : s[i] == '/' && inside              ? " "
                      : s[i] == '&'                        ? " and "
                                                           : "";
    if (word.empty())
      out += s[i];
    else
      out += word, changed = true;
  }
  return changed ? Spoken(out) : Spoken();
}

constexpr std::array rules{money,       telephone,    number_group, date,      numbered, code,
                           spelled,     month,        day_of_month, year_rule, clock,    range,
                           long_digits, plain_number, abbreviation, signs};

std::string say(const Context& c) {
  if (std::ranges::none_of(c.word.core, [](char ch) {
        return letter(ch) || digit(ch) || View("&+=%").find(ch) != View::npos;
      }))
    return {};
  for (const Rule rule : rules) {
    const auto spoken = rule(c);
    if (!spoken) continue;
    // The stop of an abbreviation is not the end of a sentence, unless nothing follows.
    const bool abbreviated =
        c.word.stop == "." && c.after && (rule == month || rule == abbreviation);
    return *spoken + (abbreviated ? "" : c.word.stop);
  }
  return c.word.core + c.word.stop;
}

// Latin-1 and a few signs: what a letter beyond ASCII is folded to.
View fold(unsigned code) {
  static constexpr View latin =
      "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";  // U+00C0 to U+00FF
  if (code >= 0xC0 && code <= 0xFF) return latin.substr(code - 0xC0, 1);
  switch (code) {
    case 0xA0:
    case 0x2009:
    case 0x202F:
      return " ";
    case 0x2018:
    case 0x2019:
    case 0x2032:
      return "'";
    case 0x201C:
    case 0x201D:
      return "\"";
    case 0x2010:
    case 0x2011:
      return "-";
    case 0x2012:
    case 0x2013:
      return "-";
    case 0x2014:
    case 0x2015:
      return ", ";
    case 0x2026:
      return "...";
    case 0xA3:
      return "GBP";
    case 0x20AC:
      return "EUR";
    case 0xB0:
      return " degrees";
    case 0xBD:
      return " one half";
    default:
      return "";
  }
}

}  // namespace

std::string to_ascii(View text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      if (c >= 0x20 && c != 0x7F)
        out += char(c);
      else if (c == '\n' || c == '\t' || c == '\r')
        out += ' ';
      ++i;
      continue;
    }
    const std::size_t size = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    unsigned code = size == 4 ? c & 0x07u : size == 3 ? c & 0x0Fu : c & 0x1Fu;
    for (std::size_t k = 1; k < size && i + k < text.size(); ++k)
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    if (size > 1) out += fold(code);
    i += size;
  }
  return out;
}

std::vector<View> split_words(View text) {
  constexpr View space = " \t\r\n\v\f";
  std::vector<View> words;
  for (;;) {
    const auto begin = text.find_first_not_of(space);
    if (begin == View::npos) return words;
    const auto end = std::min(text.find_first_of(space, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

std::vector<SpokenWord> normalize(View text) {
  std::vector<Token> tokens;
  for (const auto word : split_words(text)) tokens.push_back(tokenize(word));
  std::vector<SpokenWord> words;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Context c{tokens[i], i > 0 ? &tokens[i - 1] : nullptr,
                    i + 1 < tokens.size() ? &tokens[i + 1] : nullptr};
    words.push_back({std::string(tokens[i].written), say(c)});
  }
  return words;
}

std::string spoken_text(const std::vector<SpokenWord>& words) {
  std::string text;
  for (const auto& w : words)
    if (!w.spoken.empty()) text += (text.empty() ? "" : " ") + w.spoken;
  return text;
}

}  // namespace parley::tts
