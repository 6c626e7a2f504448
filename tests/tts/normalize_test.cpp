#include "plugins/tts/normalize.hpp"

#include <doctest/doctest.h>

#include "plugins/tts/numbers.hpp"

using namespace parley::tts;

TEST_CASE("normalize: what flite misreads is written out, the rest is left alone") {
  const struct {
    const char* written;
    const char* spoken;
  } table[]{
      {"Hello, you have reached us.", "Hello, you have reached us."},
      {"", ""},
      {"  \n ", ""},
      {"due 12/5", "due December fifth"},
      {"on 12/5/26.", "on December fifth, twenty twenty six."},
      {"1/2 hour, 24/7", "one half hour, twenty four seven"},
      {"order #42, please", "order number forty two, please"},
      {"Dec. 5 at 10:00", "December fifth at ten o'clock"},
      {"on Sept 21, 2026", "on September twenty first, twenty twenty six"},
      {"You may call. May I?", "You may call. May I?"},
      {"in 2026 or 1905", "in twenty twenty six or 1905"},
      {"5pm, 10:05am, 10:30 a.m.", "five P M, ten oh five A M, ten thirty a.m."},
      {"call 555-123-4567.", "call five five five, one two three, four five six seven."},
      {"(555) 123-4567", "five five five, one two three, four five six seven"},
      {"555 123 4567", "five five five, one two three, four five six seven"},
      {"5551234567", "five five five, one two three, four five six seven"},
      {"+15551234567", "plus one, five five five, one two three, four five six seven"},
      {"555-1234 now", "five five five, one two three four now"},
      {"code 90210", "code nine zero two one zero"},
      {"code 007", "code zero zero seven"},
      {"98 of 250", "ninety eight of two hundred fifty"},
      {"open 9-5", "open nine to five"},
      {"VIN 1HGCM82633A004352",
       "vin one H G C, M eight two six, three three A zero, zero four three five two"},
      {"S-M-I-T-H.", "S, M, I, T, H."},
      {"$350.75 and $2.5 million", "$350.75 and 2.5 million dollars"},
      {"\u20ac20 \u00a35", "20 euros 5 pounds"},
      {"caf\u00e9 \u201cquoted\u201d it\u2019s \U0001F600 fine", "cafe quoted it's fine"},
      {"**bold** - dash", "bold dash"},
      {"ask a@b.com or www.x.com", "ask a at b dot com or www dot x dot com"},
      {"e.g. Mon. at Elm Ave.", "for example Monday at Elm Avenue."},
      {"and/or A & B", "and or A and B"},
      {"O'Brien's 'quoted' (aside)", "O'Brien's quoted aside"},
      {"No. 5, no.", "number five, no."},
  };
  for (const auto& [written, spoken] : table) {
    CAPTURE(written);
    CHECK(spoken_text(normalize(written)) == spoken);
  }
}

TEST_CASE("normalize: every written word keeps its place, also when nothing of it is said") {
  const auto words = normalize("On 12/5 - yes!");
  REQUIRE(words.size() == 4);
  CHECK(words[1] == SpokenWord{"12/5", "December fifth"});
  CHECK(words[2] == SpokenWord{"-", ""});
  CHECK(words[3] == SpokenWord{"yes!", "yes!"});
}

TEST_CASE("normalize: broken UTF-8 and control characters do no harm") {
  const std::string broken[]{"\xC3", "a\xE2\x82", "\xFF\xFE\x80 b", std::string("x\0y\x01", 4),
                             "\xF0\x9F"};
  for (const auto& b : broken)
    for (const char c : spoken_text(normalize(b))) CHECK((c >= 0x20 && c < 0x7F));
}

TEST_CASE("numbers: words") {
  CHECK(cardinal(0) == "zero");
  CHECK(cardinal(115) == "one hundred fifteen");
  CHECK(cardinal(12345) == "twelve thousand three hundred forty five");
  CHECK(ordinal(31) == "thirty first");
  CHECK(ordinal(20) == "twentieth");
  CHECK(year(2005) == "two thousand five");
  CHECK(year(1905) == "nineteen oh five");
  CHECK(year(1900) == "nineteen hundred");
  CHECK(digit_words("1-0") == "one zero");
}
