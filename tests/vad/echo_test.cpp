#include "plugins/vad/echo.hpp"

#include <doctest/doctest.h>

#include "plugins/vad/speech_detector.hpp"
#include "tests/vad/sounds.hpp"

using namespace parley;
using namespace parley::test;

namespace {

constexpr auto prompt =
    "Good morning, this is the reception. I can take a message for you. May I have your name, "
    "please? If you would rather speak to a person, just say so at any time.";

// What comes back of `sent`: later, softer, and through a room of three reflections.
Samples echo_of(const Samples& sent, int delay_ms, double db) {
  const double gain = std::pow(10, db / 20);
  Samples back(sent.size());
  const auto at = [&](std::size_t i, std::size_t delay) {
    return i >= delay ? double(sent[i - delay]) : 0.0;
  };
  const auto delay = samples_of_ms(delay_ms);
  for (std::size_t i = 0; i < back.size(); ++i)
    back[i] = std::int16_t(gain * (at(i, delay) + 0.4 * at(i, delay + 19) -
                                   0.25 * at(i, delay + 57) + 0.1 * at(i, delay + 120)));
  return back;
}

struct Outcome {
  int starts = 0;
  double power = 0;  // of what was passed on, in the second half
};

Outcome run(const Samples& heard, const Samples& sent, bool cancel) {
  EchoCanceller echo(line_rate);
  SpeechDetector detector;
  Outcome out;
  for (std::size_t i = 0; i + 160 <= heard.size(); i += 160) {
    const auto reference = std::span(sent).subspan(i, 160);
    const bool sounding = std::any_of(reference.begin(), reference.end(), [](auto s) { return s; });
    auto frame = std::span(heard).subspan(i, 160);
    if (cancel) frame = echo.push(frame, reference, sounding);
    const auto edge = detector.push(frame.first<160>(), 25, cancel && echo.doubtful());
    out.starts += edge && edge->speech;
    if (i > heard.size() / 2)
      for (const auto s : frame) out.power += double(s) * s;
  }
  return out;
}

}  // namespace

TEST_CASE(
    "echo: the agent's own echo is not speech, from -10 to -30 dB and up to 200 ms late (P23)") {
  const auto said = speech("slt", prompt);
  const auto sent = join({silence(500), said, silence(400), said, silence(1000)});
  int with = 0, without = 0;
  for (const double db : {-10.0, -20.0, -30.0})
    for (const int delay_ms : {0, 40, 100, 200}) {
      const auto heard = mix(echo_of(sent, delay_ms, db), noise(20000, 15));
      const auto cleaned = run(heard, sent, true), raw = run(heard, sent, false);
      CAPTURE(db);
      CAPTURE(delay_ms);
      MESSAGE("echo ", db, " dB, ", delay_ms, " ms: false starts ", raw.starts, " -> ",
              cleaned.starts, ", power ", 10 * std::log10(raw.power / cleaned.power), " dB less");
      CHECK(cleaned.power < raw.power);
      with += cleaned.starts;
      without += raw.starts;
    }
  CHECK(without >= 16);
  CHECK(with <= 2);
}

TEST_CASE("echo: the caller is heard while the agent talks") {
  const auto agent = speech("slt", prompt);
  const auto caller = speech("rms", "No, wait, I want to speak to a human.");
  const auto sent = join({silence(500), agent, silence(1000)});
  auto heard = echo_of(sent, 60, -20);
  const auto at = samples_of_ms(5000);
  for (std::size_t i = 0; i < caller.size(); ++i)
    heard[at + i] = std::int16_t(std::clamp(heard[at + i] + caller[i], -32768, 32767));
  CHECK(run(heard, sent, true).starts >= 1);
}

TEST_CASE("echo: a line that wakes up while the agent talks is no speech either (P23)") {
  const auto said = speech("slt", prompt);
  const auto sent = join({silence(500), said, silence(400), said, silence(1000)});
  int with = 0, without = 0;
  for (const int delay_ms : {0, 40, 100, 200})
    for (const int from_ms : {2000, 3700, 5100}) {
      auto heard = mix(echo_of(sent, delay_ms, -15), noise(20000, 15));
      std::fill_n(heard.begin(), samples_of_ms(from_ms), std::int16_t(0));
      with += run(heard, sent, true).starts;
      without += run(heard, sent, false).starts;
    }
  MESSAGE("false starts ", without, " -> ", with);
  CHECK(without >= 12);
  CHECK(with <= 2);
}

TEST_CASE("echo: a silent line passes untouched, and what comes on it later is cancelled") {
  EchoCanceller echo(line_rate);
  const Samples loud(160, 5000), idle(160, 8);  // A-law's least
  for (int i = 0; i < 100; ++i) CHECK(echo.push(idle, loud, true).data() == idle.data());
  const auto heard = noise(20, 1000);
  CHECK(echo.push(heard, loud, true).data() != heard.data());
}

TEST_CASE("echo: while nothing is sent the audio passes untouched and nothing is computed") {
  EchoCanceller echo(line_rate);
  const auto heard = noise(20, 1000);
  const Samples quiet(160, 0), loud(160, 5000);
  CHECK(echo.push(heard, quiet, false).data() == heard.data());
  CHECK_FALSE(echo.active());
  CHECK(echo.push(heard, loud, true).data() != heard.data());
  int frames = 0;
  for (; echo.active(); ++frames) echo.push(heard, quiet, false);
  CHECK(frames * 20 >= 256);
  CHECK(frames * 20 <= 300);
  CHECK(echo.push(heard, quiet, false).data() == heard.data());
}
