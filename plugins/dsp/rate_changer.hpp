// rate_changer: audio of 8 or 16 kHz, as it comes, at the rate that is wanted; both may change in
// the middle of a stream.
//
// What is at the right rate passes as it is and costs nothing. A filter that comes in later begins
// with a mirror image of what comes: so nothing sets in from silence, nothing old comes back, and
// nothing rings. Pure. Threads: the owner's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "plugins/dsp/half_band.hpp"

namespace parley {

class RateChanger {
 public:
  // `in` has `from` samples a second; the answer has `to` and is valid until the next call, or as
  // long as `in` where both are the same.
  std::span<const std::int16_t> convert(std::span<const std::int16_t> in, unsigned from,
                                        unsigned to);

 private:
  void turn(std::span<const std::int16_t> in, unsigned from, unsigned to);

  unsigned from_ = 0, to_ = 0;  // 0: nothing has come yet
  std::unique_ptr<Upsampler> up_{};
  std::unique_ptr<Downsampler> down_{};
  std::vector<std::int16_t> out_{};
};

// Twice as many samples, right where they were: a straight line between them. For what is too short
// for a filter: the rest of a frame, a history.
template <class Sample>
std::vector<Sample> doubled(const std::vector<Sample>& samples) {
  std::vector<Sample> out;
  out.reserve(2 * samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    out.push_back(samples[i]);
    out.push_back(Sample((samples[i] + samples[std::min(i + 1, samples.size() - 1)]) / 2));
  }
  return out;
}

}  // namespace parley
