#include "plugins/rtp/mixer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <random>

using namespace parley;

namespace {

using Samples = std::vector<std::int16_t>;

SoundRef sound(Samples samples) { return std::make_shared<const Samples>(std::move(samples)); }
SoundRef constant(std::int16_t value, std::size_t length = 16000) {
  return sound(Samples(length, value));
}

// `frames` frames of an input over a voice of one value.
Samples mixed(Mixer& mixer, const std::string& name, int frames, std::int16_t voice = 0) {
  Samples all;
  for (int i = 0; i < frames; ++i) {
    std::array<std::int16_t, 160> frame;
    frame.fill(voice);
    mixer.add(name, frame);
    all.insert(all.end(), frame.begin(), frame.end());
  }
  return all;
}

int steepest(const Samples& samples) {
  int most = 0;
  for (std::size_t i = 1; i < samples.size(); ++i)
    most = std::max(most, std::abs(samples[i] - samples[i - 1]));
  return most;
}

}  // namespace

TEST_CASE("mixer: an input is added with its gain, fades in within 60 ms and out the same way") {
  Mixer mixer;
  mixer.play("ambient", constant(10000), -20, Mixer::Loop::yes);
  const auto in = mixed(mixer, "ambient", 10, 500);
  CHECK(in.front() <= 505);
  CHECK(in[480] == 1500);
  CHECK(in.back() == 1500);
  CHECK(steepest(in) <= 4);
  mixer.stop("ambient");
  const auto out = mixed(mixer, "ambient", 10, 500);
  CHECK(out[470] > 500);
  CHECK(out[480] == 500);
  CHECK(steepest(out) <= 4);
  CHECK_FALSE(mixer.playing("ambient"));
}

TEST_CASE("mixer: inputs have names, and what does not loop ends") {
  Mixer mixer;
  mixer.play("hold", constant(1000), 0, Mixer::Loop::yes);
  mixer.play("clip", constant(1000, 400), 0, Mixer::Loop::no);
  std::array<std::int16_t, 160> frame{};
  CHECK_FALSE(mixer.add("nothing", frame));
  for (int i = 0; i < 10; ++i) mixer.add("clip", frame);
  CHECK_FALSE(mixer.playing("clip"));
  CHECK(mixer.playing("hold"));
  mixer.play("hold", nullptr, 0, Mixer::Loop::yes);
  CHECK_FALSE(mixer.playing("hold"));
}

TEST_CASE("mixer: what is too loud is limited and does not wrap") {
  Mixer mixer;
  mixer.play("hold", constant(32000), 0, Mixer::Loop::yes);
  const auto loud = mixed(mixer, "hold", 5, 32000);
  CHECK(loud.back() == 32767);
  CHECK(*std::min_element(loud.begin(), loud.end()) >= 32000);
}

TEST_CASE("mixer: a loop goes round without a click") {
  // Ends at its top, begins at zero: a jump of 10,000 when it is simply repeated.
  Samples ramp(8000);
  for (std::size_t i = 0; i < ramp.size(); ++i)
    ramp[i] = std::int16_t(10000 * std::sin(double(i) / 8000 * M_PI / 2));
  CHECK(ramp.back() - ramp.front() > 9990);
  const auto loop = make_loop(ramp, 400);
  CHECK(loop.size() == 7600);
  Mixer mixer;
  mixer.play("hold", sound(loop), 0, Mixer::Loop::yes);
  CHECK(steepest(mixed(mixer, "hold", 200)) < 600);
  CHECK(make_loop({1, 2, 3}, 2) == Samples{1, 2, 3});
}

TEST_CASE("mixer: the seam of a noise is as loud as the rest of it") {
  std::mt19937 random(5);
  std::normal_distribution<double> normal(0, 1000);
  Samples noise(16000);
  for (auto& s : noise) s = std::int16_t(normal(random));
  const auto loop = make_loop(noise, 400);
  double seam = 0;
  for (std::size_t i = 0; i < 400; ++i) seam += double(loop[i]) * loop[i];
  CHECK(std::sqrt(seam / 400) == doctest::Approx(1000).epsilon(0.1));
}

TEST_CASE("mixer: at twice the rate what plays goes on, first as it was, then with its own sound") {
  const auto ramp = [](std::size_t length, int step) {
    Samples all(length);
    for (std::size_t i = 0; i < length; ++i) all[i] = std::int16_t(std::size_t(step) * i);
    return sound(all);
  };
  Mixer mixer(8000);
  mixer.play("a", ramp(4000, 2), 0, Mixer::Loop::yes);
  const auto before = mixed(mixer, "a", 10);  // 1,600 samples
  mixer.widen();
  const auto after = mixed(mixer, "a", 10);
  CHECK(before.back() == 3198);
  CHECK(after.front() == 3200);
  CHECK(after[1] == 3201);
  CHECK(after.back() == 4799);
  mixer.play("a", ramp(8000, 1), 0, Mixer::Loop::yes);
  const auto own = mixed(mixer, "a", 30);
  CHECK(own.front() == 4800);
  CHECK(own[3199] == 7999);
  CHECK(own[3200] == 0);
  CHECK(steepest({own.begin(), own.begin() + 3200}) == 1);
  mixer.stop("a");
  mixed(mixer, "a", 10);
  CHECK_FALSE(mixer.playing("a"));
}
