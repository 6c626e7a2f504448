#include "engine/media_stream/stamps.hpp"

#include <cstdlib>

namespace parley::media_stream {

Stamp Stamps::next(std::uint64_t chunk, std::uint64_t timestamp_ms, std::size_t samples) {
  // Beyond 32 bits both wrap anyway; before, no product overflows.
  const auto place = std::int64_t(std::uint32_t(timestamp_ms)) * per_ms_;
  const auto frame = std::int64_t(samples);
  if (anchor_ && frame == anchor_->frame) {
    const auto steps =
        std::int64_t(std::int32_t(std::uint32_t(chunk) - std::uint32_t(anchor_->chunk)));
    const auto counted = anchor_->time + steps * frame;
    if (std::abs(counted - place) <= frame) return {std::uint16_t(chunk), std::uint32_t(counted)};
  }
  anchor_ = Anchor{chunk, place, frame};
  return {std::uint16_t(chunk), std::uint32_t(place)};
}

}  // namespace parley::media_stream
