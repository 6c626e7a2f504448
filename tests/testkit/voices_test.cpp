#include "plugins/testkit/voices.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "plugins/testkit/ear.hpp"
#include "plugins/testkit/program.hpp"
#include "plugins/testkit/wav.hpp"

using namespace parley;
using namespace parley::caller;

TEST_CASE("voices: each speaks a line at one level, and the same text gives the same sound") {
  for (const char* name : {"rms", "slt", "awb", "kal", "kal16", "espeak:en-us+f3"}) {
    CAPTURE(std::string(name));
    Voices voices, others;
    const auto sound = voices.say(name, "My name is Alice.");
    REQUIRE_MESSAGE(bool(sound), name);
    CHECK(sound->size() > 8000 / 2);
    CHECK(sound->size() < 8000 * 3);
    CHECK(rms(*sound) > 600);
    CHECK(rms(*sound) < 2500);
    const auto again = others.say(name, "My name is Alice.");
    REQUIRE(bool(again));
    if (!std::string_view(name).starts_with("espeak:")) {
      CHECK(*again == *sound);
      continue;
    }
    // A program of others': once in a hundred runs its samples are slightly different ones.
    REQUIRE(again->size() == sound->size());
    double power = 0, difference = 0;
    for (std::size_t i = 0; i < sound->size(); ++i) {
      power += std::pow(double((*sound)[i]), 2);
      difference += std::pow(double((*sound)[i] - (*again)[i]), 2);
    }
    CHECK(difference < power / 10);
  }
}

TEST_CASE("voices: what cannot be said is an error with a name in it") {
  Voices voices;
  const auto nobody = voices.say("bob", "hello");
  REQUIRE_FALSE(bool(nobody));
  CHECK(nobody.error().find("'bob' (rms, slt") != std::string::npos);
  CHECK_FALSE(bool(voices.say("kal16", " ")));
  const auto script = parse_script("pause 10\nsay [voice=bob] hello");
  REQUIRE(bool(script));
  const auto program = prepare(*script, {}, voices);
  REQUIRE_FALSE(bool(program));
  CHECK(program.error().find("line 2: there is no voice 'bob'") == 0);
}

TEST_CASE("wav: what was written is read again; what is none is refused with a reason") {
  const Wav wav{.rate = 8000, .channels = 2, .samples = {1, -2, 300, -32768, 32767, 0}};
  const auto bytes = format_wav(wav);
  const auto back = parse_wav(bytes);
  REQUIRE(bool(back));
  CHECK(back->samples == wav.samples);
  CHECK(back->channels == 2);
  CHECK(to_line(*back) == std::vector<std::int16_t>{1, 300, 32767});
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto part =
        parse_wav(std::string_view(bytes).substr(0, cut));  // never more than there is
    if (part) CHECK(part->samples.size() <= (cut - 44) / 2);
  }
  CHECK(parse_wav("hello, this is no sound").error() == "it is no RIFF/WAVE file");
  auto alaw = bytes;
  alaw[20] = 6;
  CHECK(parse_wav(alaw).error() == "only PCM of 16 bits can be played");
  CHECK(read_wav("/no/such/file.wav").error().find("/no/such/file.wav: ") == 0);
}

TEST_CASE("wav: 16 kHz comes out at 8 kHz with its length and its tone") {
  Wav wav{.rate = 16'000, .channels = 1};
  for (int i = 0; i < 16'000; ++i)
    wav.samples.push_back(std::int16_t(8000 * std::sin(i * 2 * 3.14159265 * 500 / 16'000)));
  const auto line = to_line(wav);
  CHECK(line.size() >= 8000);
  CHECK(line.size() < 8100);
  CHECK(rms(std::span(line).subspan(400, 7000)) ==
        doctest::Approx(8000 / std::sqrt(2)).epsilon(.02));
}
