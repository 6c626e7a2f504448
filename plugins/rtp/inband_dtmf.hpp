// inband_dtmf: key presses heard as tones in the audio, for far ends that send no telephone events.
//
// libspandsp's receiver decides what is a key: it has been tuned not to take voices for keys. A
// press is told when its tone is over, with its length.
//
// Threads: pure; one owner. ITU-T Q.23, Q.24.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "plugins/dsp/half_band.hpp"
#include "plugins/rtp/dtmf.hpp"

namespace parley::rtp {

class InbandDtmf {
 public:
  InbandDtmf();
  ~InbandDtmf();
  InbandDtmf(const InbandDtmf&) = delete;
  InbandDtmf& operator=(const InbandDtmf&) = delete;

  // Audio of 8 or 16 kHz: the presses that ended in it; valid until the next call.
  std::span<const KeyPress> hear(std::span<const std::int16_t> samples, unsigned rate);

 private:
  struct Receiver;

  std::unique_ptr<Receiver> receiver_;
  Downsampler down_;
  std::vector<std::int16_t> narrow_{};
};

}  // namespace parley::rtp
