#include "plugins/vad/tones.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tests/vad/sounds.hpp"

using namespace parley;
using namespace parley::test;

namespace {

// A line with a level in dBm0 and white noise 20 dB below; what is on it is written one after the
// other.
class Line {
 public:
  explicit Line(double dbm0) : rms_(15770 * std::pow(10, dbm0 / 20)) {}

  Line& tone(std::vector<double> hz, int ms) {
    const double peak = rms_ * std::sqrt(2.0 / double(std::max<std::size_t>(hz.size(), 1)));
    for (int i = 0; i < ms * 8; ++i) {
      double s = rms_ / 10 * noise_(random_);
      for (const double f : hz)
        s += peak * std::sin(2 * M_PI * f * double(samples_.size()) / line_rate);
      samples_.push_back(std::int16_t(std::lround(std::clamp(s, -32768.0, 32767.0))));
    }
    return *this;
  }
  Line& pause(int ms) { return tone({}, ms); }
  template <class F>
  Line& times(int n, F&& what) {
    for (int i = 0; i < n; ++i) what(*this);
    return *this;
  }
  const Samples& samples() const { return samples_; }

 private:
  double rms_;
  std::mt19937 random_{3};
  std::normal_distribution<double> noise_;
  Samples samples_;
};

// What is told of it: "busy congestion ".
std::string told(const Samples& samples) {
  ToneDetector detector;
  std::string all;
  for (std::size_t i = 0; i + ToneDetector::frame_samples <= samples.size();
       i += ToneDetector::frame_samples)
    if (const auto tone =
            detector.push(std::span(samples).subspan(i).first<ToneDetector::frame_samples>()))
      all += std::string(to_string(*tone)) + " ";
  return all;
}

}  // namespace

TEST_CASE("tones: each is told once, at -10 and at -30 dBm0 with noise 20 dB below") {
  for (const double level : {-10.0, -30.0}) {
    CAPTURE(level);
    const auto line = [&] { return Line(level); };
    const auto repeated = [&](std::vector<double> hz, int on, int off, int times) {
      return told(line().times(times, [&](Line& l) { l.tone(hz, on).pause(off); }).samples());
    };
    CHECK(repeated({480, 620}, 500, 500, 6) == "busy ");        // North America
    CHECK(repeated({425}, 500, 500, 6) == "busy ");             // Europe
    CHECK(repeated({400}, 375, 375, 6) == "busy ");             // United Kingdom
    CHECK(repeated({480, 620}, 250, 250, 8) == "congestion ");  // North America
    CHECK(repeated({425}, 250, 250, 8) == "congestion ");       // Europe
    CHECK(repeated({440, 480}, 2000, 4000, 2) == "ringback ");  // North America
    CHECK(repeated({425}, 1000, 4000, 2) == "ringback ");       // Europe
    CHECK(told(line()
                   .times(2,
                          [](Line& l) {
                            l.tone({400, 450}, 400).pause(200).tone({400, 450}, 400).pause(2000);
                          })
                   .samples()) == "ringback ");  // United Kingdom
    CHECK(repeated({1100}, 500, 3000, 2) == "fax_cng ");
    CHECK(told(line().pause(500).tone({2100}, 3300).pause(500).samples()) == "fax_ced ");
    CHECK(told(line().tone({950}, 330).tone({1400}, 330).tone({1800}, 330).pause(900).samples()) ==
          "sit ");
    CHECK(told(line()
                   .tone({913.8}, 274)
                   .tone({1370.6}, 274)
                   .tone({1776.7}, 380)
                   .pause(900)
                   .samples()) == "sit ");
    for (const double hz : {500.0, 850.0, 1000.0, 1400.0, 2000.0}) {
      CAPTURE(hz);
      CHECK(told(line().pause(700).tone({hz}, 400).pause(900).samples()) == "beep ");
    }
  }
}

TEST_CASE("tones: nothing is told of keys, of noise, of hum, of silence") {
  Line keys(-10);
  for (const double low : {697.0, 770.0, 852.0, 941.0})
    for (const double high : {1209.0, 1336.0, 1477.0, 1633.0})
      keys.tone({low, high}, 150).pause(90);
  CHECK(told(keys.samples()).empty());
  CHECK(told(noise(20000, 2000)).empty());
  CHECK(told(hum(5000, 3000)).empty());
  CHECK(told(clicks(10000, 8000)).empty());
  CHECK(told(silence(5000)).empty());
}

TEST_CASE("tones: nothing is told of speech, whoever speaks, clean or on a noisy line") {
  const std::vector<std::string> lines{
      "Hello, I am calling about the appointment on Tuesday. Could you move it to Thursday?",
      "Ooooh. Mmmmm. Aaaah. Who knew that June was too soon to move? The moon is blue.",
      "You have reached the office. Please leave a message after the tone. Goodbye.",
      "One, two, three, four, five, six, seven, eight, nine, zero. No no no. Yes."};
  for (const std::string voice :
       {"kal16", "slt", "rms", "awb", "espeak:en-us", "espeak:en-us+f3", "espeak:de"}) {
    CAPTURE(voice);
    Samples all;
    for (const auto& line : lines) all = join({all, speech(voice, line), silence(600)});
    CHECK(told(all).empty());
    CHECK(told(mix(all, noise(3000, 160))).empty());
  }
}

TEST_CASE("tones: a beep after an announcement is told, the announcement is not") {
  const auto machine = join({speech("slt", "Please leave a message after the tone."), silence(600),
                             Line(-15).tone({1000}, 500).samples(), noise(1500, 30)});
  CHECK(told(machine) == "beep ");
}

TEST_CASE("tones: a whistle is no beep, nor is a tone in the middle of a talk") {
  Samples whistle = noise(700, 30);
  double phase = 0;
  for (int i = 0; i < 3200; ++i) {  // glides from 900 to 950 Hz
    phase += 2 * M_PI * (900 + 50.0 * i / 3200) / line_rate;
    whistle.push_back(std::int16_t(3000 * std::sin(phase)));
  }
  CHECK(told(join({whistle, noise(1500, 30)})).empty());
  const auto beep = Line(-15).pause(700).tone({1000}, 300).samples();
  CHECK(told(join({beep, noise(1500, 30)})) == "beep ");
  CHECK(told(join({beep, noise(60, 30), noise(1500, 2000)})).empty());
}
