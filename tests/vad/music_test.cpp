#include "plugins/vad/music.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "tests/vad/sounds.hpp"

using namespace parley;
using namespace parley::test;

namespace {

struct Style {
  const char* name;
  int bpm;
  double decay_s;
  int voices;
  bool drum;
};

// Made-up music: notes of a scale with three partials that die away, a drum on each beat.
Samples music(const Style& style, int seconds) {
  static constexpr double scale[] = {262, 294, 330, 349, 392, 440, 494, 523};
  std::mt19937 random(1);
  std::normal_distribution<double> noise;
  std::vector<double> all(std::size_t(seconds) * line_rate);
  for (double t = 0; t < seconds; t += 60.0 / style.bpm) {
    const auto at = std::size_t(t * line_rate);
    for (int voice = 0; voice < style.voices; ++voice) {
      const double hz = scale[random() % 8];
      const auto length = std::size_t(3 * style.decay_s * line_rate);
      for (std::size_t k = 0; k < length && at + k < all.size(); ++k) {
        const double s = double(k) / line_rate;
        const double swell = std::exp(-s / style.decay_s) * std::min(1.0, s / 0.005);
        for (int h = 1; h <= 3; ++h)
          all[at + k] += 1500 * swell * std::sin(2 * M_PI * hz * h * s) / h;
      }
    }
    for (std::size_t k = 0; style.drum && k < 800 && at + k < all.size(); ++k)
      all[at + k] += 2500 * std::exp(-double(k) / 200) * noise(random);
  }
  Samples out;
  for (const double s : all) out.push_back(std::int16_t(std::clamp(s, -32000.0, 32000.0)));
  return out;
}

// "music" and "over", in the order in which they are told.
std::string told(const Samples& samples) {
  MusicDetector detector;
  std::string all;
  for (std::size_t i = 0; i + 160 <= samples.size(); i += 160)
    if (const auto plays = detector.push(std::span(samples).subspan(i).first<160>()))
      all += *plays ? "music " : "over ";
  return all;
}

Samples talk(const std::string& voice) {
  const auto one = speech(voice,
                          "Hello, I am calling about the appointment on Tuesday. Could you please "
                          "move it to Thursday afternoon? Yes, I know. My name is Ada Miller.");
  return join({one, silence(300), one, silence(400), one});
}

}  // namespace

TEST_CASE("music: hold music of several kinds is told once, and its end when somebody speaks") {
  for (const auto& style : {Style{"strings", 30, 3, 3, false}, Style{"harp", 240, .4, 1, false},
                            Style{"band", 240, .4, 3, true}, Style{"piano", 100, .4, 1, false},
                            Style{"chords", 90, .6, 3, false}}) {
    CAPTURE(style.name);
    CHECK(told(music(style, 12)) == "music ");
    CHECK(told(join({music(style, 12), talk("slt")})) == "music over ");
  }
}

TEST_CASE("music: nothing is told of speech, of noise, of tones, of silence") {
  for (const std::string voice :
       {"kal16", "slt", "rms", "awb", "espeak:en-us", "espeak:en-us+f3", "espeak:de"}) {
    CAPTURE(voice);
    CHECK(told(talk(voice)).empty());
    CHECK(told(mix(talk(voice), noise(3000, 160))).empty());
  }
  CHECK(told(noise(15000, 1000)).empty());
  CHECK(told(hum(15000, 3000)).empty());
  CHECK(told(silence(15000)).empty());
  Samples tone(15 * line_rate);
  for (std::size_t i = 0; i < tone.size(); ++i)
    tone[i] = std::int16_t(3000 * std::sin(double(i) * 2 * M_PI * 440 / line_rate));
  CHECK(told(tone).empty());
}
