// segmental_snr: how far audio is from what it should be, in dB, as the ear weighs it: by pieces of
// 20 ms in which there is something to hear, each held within -10 and 35 dB.
//
// A fixed shift of up to 400 ms between the two is found and taken out.
//
// Threads: pure. Quackenbush, Objective Measures of Speech Quality, 1988.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace parley::testkit {

struct SegmentalSnr {
  double db = 0;
  std::int64_t shift_samples = 0;  // how much later the audio is
  std::int64_t pieces = 0;         // that were compared
};

// Nothing: the reference holds nothing to hear.
std::optional<SegmentalSnr> segmental_snr(std::span<const std::int16_t> reference,
                                          std::span<const std::int16_t> audio, unsigned rate);

}  // namespace parley::testkit
