#include "engine/media_stream/byte_order.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace parley::media_stream {
namespace {

constexpr int votes_needed = 3;
constexpr std::int64_t far_apart = 4;  // times as rough

// How far neighbouring samples are apart, all in all; `high`: which byte of two is the high one.
std::int64_t roughness(std::span<const std::uint8_t> payload, std::size_t high) {
  const auto sample = [&](std::size_t at) {
    return int(std::int16_t(payload[at + high] << 8 | payload[at + 1 - high]));
  };
  std::int64_t sum = 0;
  for (std::size_t at = 2; at + 1 < payload.size(); at += 2)
    sum += std::abs(sample(at) - sample(at - 2));
  return sum;
}

}  // namespace

void ByteOrder::note(std::span<const std::uint8_t> payload) {
  if (decided_) return;
  const auto network = roughness(payload, 0), other = roughness(payload, 1);
  if (other > far_apart * network)
    votes_ = std::max(votes_, 0) + 1;
  else if (network > far_apart * other)
    votes_ = std::min(votes_, 0) - 1;
  decided_ = std::abs(votes_) >= votes_needed;
  swapped_ = decided_ && votes_ < 0;
}

void swap_bytes(std::span<std::uint8_t> payload) {
  for (std::size_t at = 0; at + 1 < payload.size(); at += 2)
    std::swap(payload[at], payload[at + 1]);
}

}  // namespace parley::media_stream
