// concealment: what is heard in place of a packet that did not come: the last one again, fading
// within 60 ms to silence, so that a short loss is no hole and a long one no hum.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace parley::rtp {

class Concealment {
 public:
  void heard(std::span<const std::int16_t> samples);
  // The next samples in place of lost ones.
  void fill(std::span<std::int16_t> out);
  std::size_t last_size() const { return last_.size(); }  // of what was heard last

 private:
  static constexpr std::size_t fade = 480;  // samples

  std::vector<std::int16_t> last_{};
  std::size_t filled_ = 0;  // since something was heard
};

}  // namespace parley::rtp
