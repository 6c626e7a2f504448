#include "plugins/rtp/concealment.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>
#include <algorithm>

#include <cmath>
#include <functional>
#include <numbers>
#include <random>

using namespace parley;
using rtp::Concealment;

namespace {

using Audio = std::vector<std::int16_t>;

// A voice: a falling and rising pitch with formants, in syllables, and some noise behind it.
Audio voice(unsigned rate, double seconds, double pitch_hz, double noise = 20) {
  std::mt19937 random(1);
  std::normal_distribution<> hiss(0, noise);
  Audio out;
  double phase = 0;
  for (std::size_t i = 0; i < std::size_t(seconds * rate); ++i) {
    const double t = double(i) / rate;
    const double f = pitch_hz * (1 + 0.1 * std::sin(2 * std::numbers::pi * 0.7 * t));
    phase += f / rate;
    double sample = 0;
    for (int h = 1; h * f < 3400; ++h) {
      const double hz = h * f;
      const double formants =
          1 / (1 + std::pow((hz - 600) / 250, 2)) + .5 / (1 + std::pow((hz - 1500) / 300, 2)) + .05;
      sample += formants * std::sin(2 * std::numbers::pi * h * phase);
    }
    const double syllable = std::max(0.0, std::sin(2 * std::numbers::pi * 2 * t) + .4);
    out.push_back(
        std::int16_t(std::clamp(2500 * syllable * sample + hiss(random), -32768.0, 32767.0)));
  }
  return out;
}

using Lost = std::function<bool(int packet)>;

// The same with packets of 20 ms lost and made up.
Audio concealed(const Audio& audio, unsigned rate, const Lost& lost) {
  Concealment c(rate);
  Audio out = audio;
  const auto size = rate / 50;
  for (std::size_t n = 0; (n + 1) * size <= out.size(); ++n) {
    const auto packet = std::span(out).subspan(n * size, size);
    if (lost(int(n)))
      c.fill(packet);
    else
      c.heard(packet);
  }
  return out;
}

// What was done before: the last packet again, fading.
Audio repeated(const Audio& audio, unsigned rate, const Lost& lost) {
  Audio out = audio;
  const auto size = rate / 50;
  std::size_t last = 0;
  for (std::size_t n = 0; (n + 1) * size <= out.size(); ++n) {
    if (!lost(int(n))) {
      last = n;
      continue;
    }
    for (std::size_t i = 0; i < size; ++i) {
      const auto since = (n - last - 1) * size + i;
      const double gain = std::max(0.0, 1 - double(since) / (3.0 * size));
      out[n * size + i] = std::int16_t(audio[last * size + i] * gain);
    }
  }
  return out;
}

// Mean over the packets that were lost and not silent, of -10 to 35 dB each.
double segmental_snr(const Audio& real, const Audio& heard, unsigned rate, const Lost& lost) {
  const auto size = rate / 50;
  double sum = 0;
  int count = 0;
  for (std::size_t n = 0; (n + 1) * size <= real.size(); ++n) {
    if (!lost(int(n))) continue;
    double signal = 0, error = 1;
    for (std::size_t i = n * size; i < (n + 1) * size; ++i) {
      signal += double(real[i]) * real[i];
      error += std::pow(double(real[i]) - heard[i], 2);
    }
    if (signal / size < 1e4) continue;
    sum += std::clamp(10 * std::log10(signal / error), -10.0, 35.0);
    ++count;
  }
  REQUIRE(count > 10);
  return sum / count;
}

int largest_step(std::span<const std::int16_t> audio) {
  int most = 0;
  for (std::size_t i = 1; i < audio.size(); ++i)
    most = std::max(most, std::abs(audio[i] - audio[i - 1]));
  return most;
}

double level(std::span<const std::int16_t> audio) {
  double sum = 0;
  for (const double s : audio) sum += s * s;
  return std::sqrt(sum / double(audio.size()));
}

}  // namespace

TEST_CASE("concealment: a voice goes on as it was, better than by repeating the last packet") {
  fmt::print("{:>6} {:>6} {:>8} {:>14} {:>14}\n", "rate", "pitch", "lost %", "repeated, dB",
             "made up, dB");
  for (const unsigned rate : {8000u, 16000u})
    for (const double pitch : {95.0, 150.0, 240.0}) {
      const auto audio = voice(rate, 12, pitch);
      for (const int percent : {5, 10, 30}) {
        CAPTURE(rate);
        CAPTURE(pitch);
        CAPTURE(percent);
        std::mt19937 random(2);
        std::vector<bool> losses;
        for (int i = 0; i < 600; ++i) losses.push_back(i > 10 && int(random() % 100) < percent);
        const auto lost = [&](int n) { return losses[std::size_t(n)]; };
        const auto before = segmental_snr(audio, repeated(audio, rate, lost), rate, lost);
        const auto now = segmental_snr(audio, concealed(audio, rate, lost), rate, lost);
        fmt::print("{:6} {:6} {:8} {:14.1f} {:14.1f}\n", rate, pitch, percent, before, now);
        CHECK(now > before + 2);
        CHECK(now > (percent < 30 ? 1.5 : 0));
      }
    }
}

TEST_CASE("concealment: nothing clicks, wherever a loss begins and ends") {
  for (const unsigned rate : {8000u, 16000u}) {
    const auto audio = voice(rate, 6, 120);
    const int usual = largest_step(audio);
    for (int length = 1; length <= 6; ++length)
      for (int offset = 0; offset < 10; ++offset) {
        const auto out =
            concealed(audio, rate, [&](int n) { return n > 5 && (n + offset) % 11 < length; });
        CHECK(largest_step(out) < usual * 1.25);
      }
  }
}

TEST_CASE("concealment: a long loss fades within 60 ms to the background's noise") {
  std::mt19937 random(3);
  std::normal_distribution<> hiss(0, 60);
  Concealment c;
  Audio background(160), loud(160);
  for (int n = 0; n < 100; ++n) {
    for (auto& s : background) s = std::int16_t(hiss(random));
    c.heard(background);
  }
  for (int n = 0; n < 20; ++n) {
    for (std::size_t i = 0; i < 160; ++i)
      loud[i] = std::int16_t(8000 * std::sin(2 * std::numbers::pi * double(i) / 80));
    c.heard(loud);
  }
  Audio gap(160 * 50);
  for (int n = 0; n < 50; ++n) c.fill(std::span(gap).subspan(std::size_t(n) * 160, 160));
  CHECK(level(std::span(gap).first(80)) > 5000);
  CHECK(level(std::span(gap).subspan(480)) > 35);
  CHECK(level(std::span(gap).subspan(480)) < 70);
}

TEST_CASE("concealment: after digital silence, and before anything was heard, it is silent") {
  Concealment c;
  Audio out(160, 7);
  c.fill(out);
  CHECK(level(out) == 0);
  Audio silence(160);
  for (int n = 0; n < 10; ++n) c.heard(silence);
  c.fill(out);
  CHECK(level(out) == 0);
}

TEST_CASE("concealment: the far end says how loud its background is (RFC 3389)") {
  Concealment c;
  Audio loud(160, 4000), out(1600);
  for (int n = 0; n < 10; ++n) c.heard(loud);
  c.comfort(std::vector<std::uint8_t>{50});  // 50 dB below the loudest: 104
  c.fill(out);
  CHECK(std::abs(out[0] - 4000) < 300);  // from where it was
  CHECK(level(std::span(out).subspan(80)) > 85);
  CHECK(level(std::span(out).subspan(80)) < 125);
  c.comfort(std::vector<std::uint8_t>{127});
  c.fill(out);
  CHECK(level(out) < 1);
  c.comfort({});                            // says nothing
  c.comfort(std::vector<std::uint8_t>{0});  // as loud as can be: not believed
  c.fill(out);
  CHECK(level(out) < 400);
}

TEST_CASE("concealment: packets of any size") {
  std::mt19937 random(4);
  for (const unsigned rate : {8000u, 16000u, 48000u}) {
    Concealment c(rate);
    for (int n = 0; n < 2000; ++n) {
      Audio packet(random() % 1000);
      for (auto& s : packet) s = std::int16_t(random());
      if (random() % 3)
        c.heard(packet);
      else
        c.fill(packet);
    }
  }
}
