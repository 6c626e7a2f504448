#include "plugins/rtp/g711.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/base/assert.hpp"

namespace parley::g711 {
namespace {

constexpr std::int16_t expand_mu(unsigned code) {
  const unsigned inverted = ~code;
  const int exponent = int(inverted >> 4 & 7), mantissa = int(inverted & 15);
  const int size = (((mantissa << 3) + 0x84) << exponent) - 0x84;
  return std::int16_t(code & 0x80 ? size : -size);
}

constexpr std::int16_t expand_a(unsigned code) {
  const unsigned toggled = code ^ 0x55;
  const int exponent = int(toggled >> 4 & 7), mantissa = int(toggled & 15);
  int size = (mantissa << 4) + 8;
  if (exponent > 0) size = (size + 0x100) << (exponent - 1);
  return std::int16_t(code & 0x80 ? size : -size);
}

constexpr auto table(std::int16_t (*expand)(unsigned)) {
  std::array<std::int16_t, 256> all{};
  for (unsigned code = 0; code < all.size(); ++code) all[code] = expand(code);
  return all;
}
constexpr auto from_mu = table(expand_mu);
constexpr auto from_a = table(expand_a);

std::uint8_t compress_mu(std::int16_t sample) {
  const int size = std::min(((sample < 0 ? ~sample : sample) >> 2) + 33, 0x1fff);
  const int exponent = std::bit_width(unsigned(size)) - 6;
  const int code = exponent << 4 | (size >> (exponent + 1) & 15);
  return std::uint8_t(~code & (sample < 0 ? 0x7f : 0xff));
}

std::uint8_t compress_a(std::int16_t sample) {
  const int size = (sample < 0 ? ~sample : sample) >> 4;
  int code = size;
  if (size > 15) {
    const int exponent = std::bit_width(unsigned(size)) - 4;
    code = exponent << 4 | (size >> (exponent - 1) & 15);
  }
  return std::uint8_t((sample < 0 ? code : code | 0x80) ^ 0x55);
}

}  // namespace

std::optional<Law> law_of(int payload_type) {
  if (payload_type == int(Law::mu)) return Law::mu;
  if (payload_type == int(Law::a)) return Law::a;
  return {};
}

std::int16_t decode(Law law, std::uint8_t code) {
  return law == Law::mu ? from_mu[code] : from_a[code];
}

std::uint8_t encode(Law law, std::int16_t sample) {
  return law == Law::mu ? compress_mu(sample) : compress_a(sample);
}

void decode(Law law, std::span<const std::uint8_t> codes, std::span<std::int16_t> samples) {
  PARLEY_ASSERT(codes.size() == samples.size());
  const auto& expanded = law == Law::mu ? from_mu : from_a;
  std::transform(codes.begin(), codes.end(), samples.begin(),
                 [&](std::uint8_t code) { return expanded[code]; });
}

void encode(Law law, std::span<const std::int16_t> samples, std::span<std::uint8_t> codes) {
  PARLEY_ASSERT(codes.size() == samples.size());
  std::transform(samples.begin(), samples.end(), codes.begin(),
                 law == Law::mu ? compress_mu : compress_a);
}

}  // namespace parley::g711
