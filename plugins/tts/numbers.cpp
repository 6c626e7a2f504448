#include "plugins/tts/numbers.hpp"

#include <array>

#include "engine/base/assert.hpp"

namespace parley::tts {
namespace {

constexpr std::array small{"zero",    "one",     "two",       "three",    "four",
                           "five",    "six",     "seven",     "eight",    "nine",
                           "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
                           "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array tens{"",      "",      "twenty",  "thirty", "forty",
                          "fifty", "sixty", "seventy", "eighty", "ninety"};
constexpr std::array small_ordinals{
    "zeroth",     "first",     "second",    "third",       "fourth",     "fifth",     "sixth",
    "seventh",    "eighth",    "ninth",     "tenth",       "eleventh",   "twelfth",   "thirteenth",
    "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"};
constexpr std::array ten_ordinals{"",         "",         "twentieth",  "thirtieth", "fortieth",
                                  "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"};

std::string join(std::string a, const std::string& b) {
  if (!a.empty() && !b.empty()) a += ' ';
  return a + b;
}

std::string below_hundred(unsigned n) {
  if (n < small.size()) return small[n];
  return join(tens[n / 10], n % 10 ? small[n % 10] : "");
}

}  // namespace

std::string cardinal(unsigned n) {
  PARLEY_ASSERT(n < 1'000'000);
  if (n >= 1000) return join(cardinal(n / 1000) + " thousand", n % 1000 ? cardinal(n % 1000) : "");
  if (n >= 100)
    return join(std::string(small[n / 100]) + " hundred", n % 100 ? below_hundred(n % 100) : "");
  return below_hundred(n);
}

std::string ordinal(unsigned n) {
  PARLEY_ASSERT(n < 100);
  if (n < small_ordinals.size()) return small_ordinals[n];
  return n % 10 ? join(tens[n / 10], small_ordinals[n % 10]) : ten_ordinals[n / 10];
}

std::string year(unsigned n) {
  PARLEY_ASSERT(n >= 1000 && n < 3000);
  if (n % 1000 < 10) return cardinal(n);
  if (n % 100 == 0) return cardinal(n / 100) + " hundred";
  return cardinal(n / 100) + (n % 100 < 10 ? " oh " : " ") + cardinal(n % 100);
}

std::string digit_words(std::string_view digits) {
  std::string words;
  for (const char c : digits)
    if (c >= '0' && c <= '9') words = join(std::move(words), small[std::size_t(c - '0')]);
  return words;
}

}  // namespace parley::tts
