#include "plugins/tts/word_timing.hpp"

#include <doctest/doctest.h>

using namespace parley::tts;
using Ends = std::vector<std::size_t>;

TEST_CASE("word_ends: a written word ends with the last of its spoken ones") {
  const std::vector<SpokenWord> words{
      {"On", "On"}, {"12/5", "December fifth"}, {"-", ""}, {"ok.", "ok."}};
  CHECK(word_ends(words, Ends{10, 20, 30, 45}, 50) == Ends{10, 30, 30, 45});
}

TEST_CASE("word_ends: ends ascend and stay within the audio") {
  const std::vector<SpokenWord> words{{"-", ""}, {"a", "a"}, {"b", "b"}};
  CHECK(word_ends(words, Ends{30, 20}, 25) == Ends{0, 25, 25});
}

TEST_CASE("word_ends: when the synthesiser counts words in another way, time is shared by length") {
  const std::vector<SpokenWord> words{{"aaaa", "aaaa"}, {"bb", "bb"}, {"cc", "cc"}};
  CHECK(word_ends(words, Ends{1}, 800) == Ends{400, 600, 800});
  CHECK(word_ends({}, Ends{1}, 800).empty());
}
