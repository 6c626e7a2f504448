// support: sound files, written and read back.
//
// Threads: the test's.
#pragma once

#include <doctest/doctest.h>
#include <sndfile.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace parley::test {

struct Sound {
  int channels = 0;
  int rate = 8000;
  std::vector<std::int16_t> samples{};  // interleaved

  double seconds() const { return channels ? double(samples.size()) / channels / rate : 0; }
  std::int16_t at(std::size_t frame, int channel) const {
    return samples[frame * std::size_t(channels) + std::size_t(channel)];
  }
  // The root mean square between two moments, in seconds.
  double level(int channel, double from, double to) const {
    double sum = 0, n = 0;
    for (auto i = std::size_t(from * rate); i < std::size_t(to * rate); ++i, ++n) {
      if ((i + 1) * std::size_t(channels) > samples.size()) return 0;
      sum += double(at(i, channel)) * at(i, channel);
    }
    return n > 0 ? std::sqrt(sum / n) : 0;
  }
};

// One channel.
inline void write_sound(const std::string& path, int rate, const std::vector<std::int16_t>& all) {
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  auto* file = sf_open(path.c_str(), SFM_WRITE, &info);
  REQUIRE(file);
  sf_writef_short(file, all.data(), sf_count_t(all.size()));
  sf_close(file);
}

inline Sound read_sound(const std::string& path) {
  SF_INFO info{};
  auto* file = sf_open(path.c_str(), SFM_READ, &info);
  CHECK_MESSAGE(file, sf_strerror(nullptr));
  if (!file) return {};
  Sound sound{.channels = info.channels, .rate = info.samplerate};
  std::vector<std::int16_t> part(std::size_t(4096 * info.channels));
  while (const auto n = sf_readf_short(file, part.data(), 4096))
    sound.samples.insert(sound.samples.end(), part.begin(),
                         part.begin() + std::ptrdiff_t(n * info.channels));
  sf_close(file);
  return sound;
}

}  // namespace parley::test
