#include "plugins/vad/front_end.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/vad/sounds.hpp"

using namespace parley;
using namespace parley::test;

namespace {

Samples run(const FrontEnd::Wanted& wanted, Samples samples) {
  FrontEnd front_end(line_rate, 160);
  for (std::size_t i = 0; i + 160 <= samples.size(); i += 160)
    front_end.run(wanted, std::span(samples).subspan(i, 160));
  return samples;
}

double level(std::span<const std::int16_t> samples) {
  double sum = 0;
  for (const double s : samples) sum += s * s;
  return 10 * std::log10(sum / double(samples.size()) + 1);
}

const Samples& talk() {
  static const auto one =
      speech("rms", "Good morning, I am calling about my bill. It seems to be far too high.");
  return one;
}

}  // namespace

TEST_CASE("front end: with nothing wanted nothing is changed") {
  const auto noisy = mix(talk(), noise(3000, 300));
  CHECK(run({}, noisy) == noisy);
}

TEST_CASE("front end: noise before speech is lowered by 10 dB or more, the speech is not") {
  const auto ahead = noise(3000, 300);
  const auto noisy = mix(join({silence(3000), talk()}), ahead);
  const auto clean = run({.noise_suppression = true}, noisy);
  const auto second = [](const Samples& s) { return std::span(s).subspan(16000, 8000); };
  const auto spoken = [](const Samples& s) { return std::span(s).subspan(24000); };
  CHECK(level(second(clean)) < level(second(noisy)) - 10);
  CHECK(level(spoken(clean)) > level(spoken(noisy)) - 3);
}

TEST_CASE("front end: soft speech is raised, loud speech is not made louder") {
  Samples soft = join({talk(), talk(), talk()}), loud = soft;
  for (auto& s : soft) s = std::int16_t(s / 6);
  for (auto& s : loud) s = std::int16_t(std::clamp(s * 5, -32768, 32767));
  const auto last = [](const Samples& s) { return std::span(s).last(talk().size()); };
  CHECK(level(last(run({.agc = true}, soft))) > level(last(soft)) + 6);
  CHECK(level(last(run({.agc = true}, loud))) < level(last(loud)) + 1);
}
