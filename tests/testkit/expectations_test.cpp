#include "plugins/testkit/expectations.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "plugins/testkit/segmental_snr.hpp"

using namespace parley;
using namespace parley::testkit;

namespace {

std::vector<std::int16_t> tone(int ms, int level = 3000, unsigned rate = 8000) {
  std::vector<std::int16_t> all(std::size_t(ms) * rate / 1000);
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = std::int16_t(level * std::sin(double(i) * 0.31 + std::sin(double(i) * 0.001)));
  return all;
}

Observed some() {
  Observed o;
  o.audio(0ms, std::vector<std::int16_t>(8000), 8000);
  o.audio(1s, tone(500), 8000);
  o.audio(1500ms, std::vector<std::int16_t>(4000), 8000);
  o.text("hello");
  o.text("alice johnson");
  for (const char* e : {"parley-vad", "parley-final", "parley-vad"}) o.event(e);
  o.key("1");
  o.key("#");
  return o;
}

std::string first(const Expected& expected) {
  const auto all = missed(expected, some());
  return all.empty() ? "" : all.front();
}

}  // namespace

TEST_CASE("expectations: what went by is measured") {
  const auto o = some();
  CHECK(o.duration() == 2s);
  CHECK(o.voiced() == 500ms);
  CHECK(o.longest_silence() == 1s);
  CHECK(o.heard() == "hello alice johnson");
  CHECK(o.keys() == "1#");
}

TEST_CASE("expectations: what is met says nothing, what is not says so in a sentence") {
  const std::pair<Expected, const char*> rows[] = {
      {{}, ""},
      {{.heard = "alice"}, ""},
      {{.heard = "^hello .*son$"}, ""},
      {{.heard = "bob"}, "\"bob\" was to be heard, not \"hello alice johnson\""},
      {{.heard = "("}, "\"(\" is no regular expression"},
      {{.events = "parley-vad,parley-final,parley-vad,!flush"}, ""},
      {{.events = "parley-final,parley-final"},
       "parley-final did not come after those before it; what came: parley-vad, parley-final, "
       "parley-vad"},
      {{.events = "!parley-final"}, "parley-final was not to come, and came"},
      {{.keys = "1#"}, ""},
      {{.keys = "12"}, "the keys were to be 12, not \"1#\""},
      {{.min_duration_ms = 2000, .max_duration_ms = 2000}, ""},
      {{.min_duration_ms = 2001}, "duration: 2000 ms, less than 2001"},
      {{.max_duration_ms = 1999}, "duration: 2000 ms, more than 1999"},
      {{.min_voiced_ms = 501}, "voiced: 500 ms, less than 501"},
      {{.max_voiced_ms = 0}, "voiced: 500 ms, more than 0"},
      {{.max_silence_ms = 999}, "longest silence: 1000 ms, more than 999"},
  };
  for (const auto& [expected, sentence] : rows) CHECK(first(expected) == sentence);
}

TEST_CASE("segmental snr: the same is the best there is, a shift is taken out, noise counts") {
  const auto reference = tone(3000);
  CHECK(segmental_snr(reference, reference, 8000)->db == 35);
  for (const int shift : {1, 160, 2400, -800}) {
    auto moved = reference;
    if (shift > 0)
      moved.insert(moved.begin(), std::size_t(shift), 0);
    else
      moved.erase(moved.begin(), moved.begin() - shift);
    const auto snr = segmental_snr(reference, moved, 8000);
    CHECK(snr->shift_samples == shift);
    CHECK(snr->db > (shift < 0 ? 30 : 34.9));  // what was cut off is missing
  }
  auto noisy = reference;
  for (std::size_t i = 0; i < noisy.size(); ++i)
    noisy[i] = std::int16_t(noisy[i] + (i % 2 ? 300 : -300));
  CHECK(segmental_snr(reference, noisy, 8000)->db == doctest::Approx(17).epsilon(0.05));
  CHECK(segmental_snr(reference, std::vector<std::int16_t>(24'000), 8000)->db == 0);
  CHECK_FALSE(segmental_snr(std::vector<std::int16_t>(8000), reference, 8000));
}
