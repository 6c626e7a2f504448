// numbers: English words for numbers.
//
// Threads: none; functions.
#pragma once

#include <string>
#include <string_view>

namespace parley::tts {

std::string cardinal(unsigned n);                  // 0 to 999,999: "three hundred fifty"
std::string ordinal(unsigned n);                   // 1 to 99: "twenty first"
std::string year(unsigned n);                      // 1000 to 2999: "twenty twenty six"
std::string digit_words(std::string_view digits);  // "five five five"; what is no digit is skipped

}  // namespace parley::tts
