// g711: mu-law and A-law, 8 bits a sample, to linear 16 bits and back (ITU-T G.711; the arithmetic
// is that of the reference in ITU-T G.191).
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace parley::g711 {

enum class Law : std::uint8_t { mu = 0, a = 8 };  // the static RTP payload types of RFC 3551

std::optional<Law> law_of(int payload_type);

std::int16_t decode(Law law, std::uint8_t code);
std::uint8_t encode(Law law, std::int16_t sample);

// Both spans have the same length.
void decode(Law law, std::span<const std::uint8_t> codes, std::span<std::int16_t> samples);
void encode(Law law, std::span<const std::int16_t> samples, std::span<std::uint8_t> codes);

}  // namespace parley::g711
