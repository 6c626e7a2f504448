// What every speech synthesis provider in the table promises.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "engine/base/sim_loop.hpp"
#include "plugins/providers/tts.hpp"
#include "plugins/tts/level.hpp"
#include "plugins/tts/normalize.hpp"

using namespace parley;

namespace {

const TtsOptions plain{.voice = "rms"};

// Asks and moves virtual time on until the answer is there.
TtsResult ask(const TtsProvider& provider, const TtsOptions& options, const std::string& text) {
  const auto loop = SimLoop::make();
  std::optional<TtsResult> answer;
  Gate gate(*loop);
  const auto stream = provider.ask(loop, options, text, [&](TtsResult r) {
    CHECK(!answer);
    answer = std::move(r);
  });
  CHECK(!answer);
  loop->pump_to(60s);
  REQUIRE(answer);
  return *answer;
}

SpeechRef speak(const TtsProvider& provider, const TtsOptions& options, const std::string& text) {
  const auto answer = ask(provider, options, text);
  REQUIRE(std::holds_alternative<SpeechRef>(answer));
  return std::get<SpeechRef>(answer);
}

}  // namespace

TEST_CASE("tts providers: every written word has its end, in order and within the audio") {
  for (const auto* p : tts_providers()) {
    CAPTURE(p->name);
    const std::string text = "Well - call (555) 123-4567 by 12/5, please!";
    const auto speech = speak(*p, plain, text);
    const auto written = tts::split_words(text);
    CHECK(std::ranges::equal(speech->words, written));
    REQUIRE(speech->ends.size() == speech->words.size());
    CHECK(std::ranges::is_sorted(speech->ends));
    CHECK(speech->ends.front() > 0);
    CHECK(speech->ends.back() <= speech->samples.size());
    CHECK(speech->ends.back() > speech->samples.size() / 2);
  }
}

TEST_CASE("tts providers: the same text gives the same samples, whatever was said in between") {
  for (const auto* p : tts_providers()) {
    CAPTURE(p->name);
    const auto first = speak(*p, plain, "The same every time.");
    speak(*p, plain, "Something else.");
    CHECK(speak(*p, plain, "The same every time.")->samples == first->samples);
  }
}

TEST_CASE("tts providers: twice the rate gives twice the samples, twice the speed about half") {
  for (const auto* p : tts_providers()) {
    CAPTURE(p->name);
    const auto normal =
        double(speak(*p, plain, "How long does it take to say this?")->samples.size());
    const auto wide =
        speak(*p, {.voice = "rms", .rate = 16000}, "How long does it take to say this?");
    CHECK(double(wide->samples.size()) == doctest::Approx(2 * normal).epsilon(0.02));
    const auto fast = speak(*p, {.voice = "rms", .speed = 2}, "How long does it take to say this?");
    CHECK(double(fast->samples.size()) == doctest::Approx(normal / 2).epsilon(0.15));
  }
}

TEST_CASE("tts providers: a text with nothing to say gives no words or no sound, never a failure") {
  for (const auto* p : tts_providers())
    for (const char* text : {"", " ", "...", "\xff\xfe"}) {
      CAPTURE(p->name);
      CAPTURE(text);
      const auto speech = speak(*p, plain, text);
      CHECK(speech->ends.size() == speech->words.size());
    }
}

TEST_CASE("tts providers: a stream that was destroyed answers nobody; its sink may destroy it") {
  for (const auto* p : tts_providers()) {
    CAPTURE(p->name);
    const auto loop = SimLoop::make();
    Gate gate(*loop);
    bool called = false;
    p->ask(loop, plain, "Never mind.", [&](TtsResult) { called = true; }).reset();
    std::unique_ptr<TtsStream> stream;
    int answers = 0;
    stream = p->ask(loop, plain, "Thank you.", [&](TtsResult) { ++answers, stream.reset(); });
    loop->pump_to(60s);
    CHECK(!called);
    CHECK(answers == 1);
  }
}

TEST_CASE(
    "flite: every voice speaks; one that does not exist is a failure that names those that do") {
  const auto* flite = find_tts("flite");
  REQUIRE(flite);
  for (const char* voice : {"rms", "slt", "kal16"}) {
    const auto speech = speak(*flite, {.voice = voice}, "Hello, you have reached the workshop.");
    CHECK(tts::active_dbfs(speech->samples, 8000) ==
          doctest::Approx(tts::speech_dbfs).epsilon(0.05));
    CHECK(tts::leading_silence(speech->samples, 8000) < 400);
  }
  const auto answer = ask(*flite, {.voice = "zoe"}, "Hello.");
  REQUIRE(std::holds_alternative<Failure>(answer));
  CHECK(std::get<Failure>(answer).what == "flite has no voice \"zoe\"; it has rms, slt and kal16");
}

TEST_CASE("flite: normalised text is what is heard: a date takes longer than its signs") {
  const auto* flite = find_tts("flite");
  const auto written = speak(*flite, plain, "December fifth");
  CHECK(speak(*flite, plain, "12/5")->samples.size() == written->samples.size());
}

TEST_CASE("tts providers: a name that is not in the table finds nobody") {
  CHECK(find_tts("nobody") == nullptr);
  CHECK(find_tts("scripted") != nullptr);
}
