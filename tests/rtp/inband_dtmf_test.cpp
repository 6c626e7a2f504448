#include "plugins/rtp/inband_dtmf.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using rtp::InbandDtmf;

namespace {

using Audio = std::vector<std::int16_t>;

constexpr std::string_view keys = "123A456B789C*0#D";
constexpr double rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};

void add_key(Audio& audio, char key, unsigned rate, int ms, double level) {
  const auto at = keys.find(key);
  const auto size = std::size_t(ms) * rate / 1000;
  for (std::size_t i = 0; i < size; ++i) {
    const double t = 2 * std::numbers::pi * double(i) / rate;
    audio.push_back(
        std::int16_t(level * (std::sin(t * rows[at / 4]) + std::sin(t * columns[at % 4]))));
  }
}

std::vector<KeyPress> heard(const Audio& audio, unsigned rate, std::size_t piece) {
  InbandDtmf receiver;
  std::vector<KeyPress> all;
  for (std::size_t at = 0; at < audio.size(); at += piece)
    for (const auto& press :
         receiver.hear(std::span(audio).subspan(at, std::min(piece, audio.size() - at)), rate))
      all.push_back(press);
  return all;
}

}  // namespace

TEST_CASE("inband dtmf: every key is heard once, with its length, at any rate and level") {
  for (const unsigned rate : {8000u, 16000u})
    for (const double level : {600.0, 4000.0, 12000.0})
      for (const int ms : {60, 100, 400}) {
        CAPTURE(rate);
        CAPTURE(level);
        CAPTURE(ms);
        std::mt19937 random(1);
        std::normal_distribution<> hiss(0, level / 40);
        Audio audio(rate / 5);
        for (const char key : keys) {
          add_key(audio, key, rate, ms, level);
          audio.resize(audio.size() + rate / 10);
        }
        for (auto& s : audio) s = std::int16_t(s + hiss(random));
        const auto presses = heard(audio, rate, rate / 50);
        std::string digits;
        for (const auto& p : presses) digits += p.digit;
        CHECK(digits == keys);
        for (const auto& p : presses) CHECK(std::abs(int(p.duration_ms) - ms) <= 30);
      }
}

TEST_CASE("inband dtmf: no voice, no noise and no single tone is a key") {
  std::mt19937 random(2);
  std::normal_distribution<> hiss(0, 3000);
  Audio noise, tone, voice;
  double phase = 0;
  for (int i = 0; i < 8000 * 60; ++i) {
    const double t = i / 8000.0;
    noise.push_back(std::int16_t(std::clamp(hiss(random), -32000.0, 32000.0)));
    tone.push_back(std::int16_t(8000 * std::sin(2 * std::numbers::pi * 697 * t)));
    phase += 120 * (1 + .2 * std::sin(2 * std::numbers::pi * .5 * t)) / 8000;
    double sample = 0;
    for (int h = 1; h < 25; ++h) sample += std::sin(2 * std::numbers::pi * h * phase) / h;
    voice.push_back(std::int16_t(6000 * sample));
  }
  CHECK(heard(noise, 8000, 160).empty());
  CHECK(heard(tone, 8000, 160).empty());
  CHECK(heard(voice, 8000, 160).empty());
}
