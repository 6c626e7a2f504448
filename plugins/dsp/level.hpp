// level: how loud samples are.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <span>

namespace parley {

// Not one sample above `most` or below -`most`.
inline bool is_within(std::span<const std::int16_t> samples, int most) {
  int outside = 0;
  for (const int s : samples) outside |= int(s > most) | int(s < -most);
  return outside == 0;
}

// Nothing but the least steps around zero, such as a codec's idle noise (A-law has no zero, its
// least value is 8): a line on which nobody speaks and nothing comes back, -72 dB of full scale.
inline bool is_silent(std::span<const std::int16_t> samples) { return is_within(samples, 8); }

// Nothing that anybody would miss: about -48 dB of full scale.
inline bool is_quiet(std::span<const std::int16_t> samples) { return is_within(samples, 129); }

}  // namespace parley
