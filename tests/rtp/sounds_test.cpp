#include "plugins/rtp/sounds.hpp"

#include <doctest/doctest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "tests/support/temporary_folder.hpp"

using namespace parley;

namespace {

// A tone of 400 Hz.
std::string wav(const test::TemporaryFolder& folder, int rate, int channels, double seconds) {
  const auto path = folder / (std::to_string(rate) + ".wav");
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = channels;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  auto* file = sf_open(path.c_str(), SFM_WRITE, &info);
  REQUIRE(file);
  std::vector<short> samples;
  for (int i = 0; i < int(seconds * rate); ++i)
    for (int c = 0; c < channels; ++c)
      samples.push_back(short(8000 * std::sin(2 * M_PI * 400 * i / rate)));
  sf_writef_short(file, samples.data(), sf_count_t(seconds * rate));
  sf_close(file);
  return path;
}

}  // namespace

TEST_CASE("sounds: a file of any rate and channels comes at the call's rate, at its own level") {
  const test::TemporaryFolder folder;
  for (const int from : {8000, 16000, 44100})
    for (const unsigned to : {8000u, 16000u}) {
      CAPTURE(from);
      CAPTURE(to);
      const auto sound =
          load_sound({.path = wav(folder, from, from == 44100 ? 2 : 1, 1), .rate = to});
      REQUIRE(sound);
      const auto& samples = **sound;
      CHECK(double(samples.size()) == doctest::Approx(to).epsilon(0.01));
      double sum = 0;
      int rising = 0;
      for (std::size_t i = 1; i < samples.size(); ++i) {
        sum += double(samples[i]) * samples[i];
        rising += samples[i - 1] < 0 && samples[i] >= 0;
      }
      CHECK(std::sqrt(sum / double(samples.size())) == doctest::Approx(5657).epsilon(0.02));
      CHECK(rising == doctest::Approx(400).epsilon(0.01));
    }
}

TEST_CASE("sounds: the same file is read once for all calls, and again when nobody plays it") {
  const test::TemporaryFolder folder;
  const auto path = wav(folder, 8000, 1, 1);
  auto first = load_sound({.path = path}).value();
  CHECK(load_sound({.path = path}).value() == first);
  CHECK(load_sound({.path = path, .loop = true}).value() != first);
  std::filesystem::remove(path);
  CHECK(load_sound({.path = path}));
  first.reset();
  CHECK_FALSE(load_sound({.path = path}));
}

TEST_CASE("sounds: without a path it is the hold signal, two soft notes every four seconds") {
  for (const unsigned rate : {8000u, 16000u}) {
    CAPTURE(rate);
    const auto sound = load_sound({.rate = rate, .loop = true});
    REQUIRE(sound);
    const auto& samples = **sound;
    CHECK(double(samples.size()) == doctest::Approx(4.0 * rate).epsilon(0.02));
    const auto loudest = [&](double from, double to) {
      int most = 0;
      for (auto i = std::size_t(from * rate); i < std::size_t(to * rate); ++i)
        most = std::max(most, std::abs(int(samples[i])));
      return most;
    };
    CHECK(loudest(0.2, 0.4) == doctest::Approx(3000).epsilon(0.02));
    CHECK(loudest(0.6, 0.8) == doctest::Approx(3000).epsilon(0.02));
    CHECK(loudest(0, 0.05) < 10);
    CHECK(loudest(0.49, 0.51) < 50);  // one note swells up after the other
    CHECK(loudest(1, 3.9) < 10);
  }
}

TEST_CASE("sounds: what cannot be played is an error with the path") {
  const test::TemporaryFolder folder;
  const auto none = load_sound({.path = folder / "none.wav"});
  REQUIRE_FALSE(none);
  CHECK(none.error().find(folder / "none.wav: ") == 0);
  const auto empty = load_sound({.path = wav(folder, 8000, 1, 0)});
  REQUIRE_FALSE(empty);
  CHECK(empty.error().find("no sound in it") != std::string::npos);
  const auto endless = load_sound({.path = wav(folder, 4000, 1, 601)});
  REQUIRE_FALSE(endless);
  CHECK(endless.error().find("longer than 600 s") != std::string::npos);
}
