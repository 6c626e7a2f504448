#include "plugins/tts/level.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace parley::tts;
using Samples = std::vector<std::int16_t>;

namespace {

Samples tone(unsigned rate, double seconds, double hz, double level) {
  Samples s(std::size_t(rate * seconds));
  for (std::size_t i = 0; i < s.size(); ++i)
    s[i] = std::int16_t(level * std::sin(2 * M_PI * hz * double(i) / rate));
  return s;
}

}  // namespace

TEST_CASE("leading_silence: all but 30 ms of what is ahead of speech") {
  Samples s(3200, 0);  // 200 ms
  const auto speech = tone(16000, 0.5, 200, 5000);
  s.insert(s.end(), speech.begin(), speech.end());
  CHECK(leading_silence(s, 16000) == doctest::Approx(3200 - 480).epsilon(0.03));
  CHECK(leading_silence(speech, 16000) == 0);
  CHECK(leading_silence(Samples(500, 20), 16000) == 500);
  CHECK(leading_silence({}, 16000) == 0);
}

TEST_CASE("set_level: quiet and loud speech come to the same level, pauses do not count") {
  for (const double level : {600., 20000.}) {
    auto s = tone(8000, 1, 300, level);
    s.resize(s.size() * 2);  // and a second of silence
    set_level(s, 8000);
    CHECK(active_dbfs(s, 8000) == doctest::Approx(speech_dbfs).epsilon(0.01));
  }
}

TEST_CASE("set_level: a click does not clip, and silence stays silent") {
  auto s = tone(8000, 1, 300, 300);
  s[4000] = 30000;
  set_level(s, 8000);
  CHECK(*std::ranges::max_element(s) <= 31000);
  Samples silence(100, 0);
  set_level(silence, 8000);
  CHECK(*std::ranges::max_element(silence) == 0);
  CHECK(active_dbfs(silence, 8000) == -100);
}

TEST_CASE("halve_rate: speech passes, what 8 kHz cannot hold does not, time stays in place") {
  CHECK(active_dbfs(halve_rate(tone(16000, 1, 1000, 8000)), 8000) ==
        doctest::Approx(active_dbfs(tone(16000, 1, 1000, 8000), 16000)).epsilon(0.01));
  CHECK(active_dbfs(halve_rate(tone(16000, 1, 6000, 8000)), 8000) < -50);
  Samples click(1601, 0);
  click[800] = 20000;
  const auto half = halve_rate(click);
  CHECK(half.size() == 801);
  CHECK(std::ranges::max_element(half) - half.begin() == 400);
  CHECK(halve_rate({}).empty());
}
