#include "tools/caller/packet.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace parley::caller {
namespace {

constexpr std::size_t header_bytes = 12;

std::uint32_t big(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + i];
  return value;
}

std::uint8_t encode_mu(int sample) {
  constexpr int bias = 132, clip = 32'635;
  const int sign = sample < 0 ? 0x80 : 0;
  const int magnitude = std::min(sample < 0 ? -sample : sample, clip) + bias;
  const int exponent = std::bit_width(unsigned(magnitude)) - 8;  // 132 and more: at least 8 bits
  const int mantissa = magnitude >> (exponent + 3) & 0x0f;
  return std::uint8_t(~(sign | exponent << 4 | mantissa));
}

int decode_mu(std::uint8_t code) {
  const int bits = ~code & 0xff;
  const int exponent = bits >> 4 & 7;
  const int magnitude = (((bits & 0x0f) << 3) + 132) << exponent;
  return bits & 0x80 ? 132 - magnitude : magnitude - 132;
}

std::uint8_t encode_a(int sample) {
  const int sign = sample < 0 ? 0 : 0x80;
  const int magnitude = std::min(sample < 0 ? -sample - 1 : sample, 32'767);
  const int exponent = std::max(0, int(std::bit_width(unsigned(magnitude))) - 8);
  const int mantissa = magnitude >> (exponent == 0 ? 4 : exponent + 3) & 0x0f;
  return std::uint8_t((sign | exponent << 4 | mantissa) ^ 0x55);
}

int decode_a(std::uint8_t code) {
  const int bits = code ^ 0x55;
  const int exponent = bits >> 4 & 7;
  const int mantissa = (bits & 0x0f) << 4 | 8;
  const int magnitude = exponent == 0 ? mantissa : (mantissa | 0x100) << (exponent - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

}  // namespace

std::vector<std::uint8_t> write_rtp(const RtpHeader& header,
                                    std::span<const std::uint8_t> payload) {
  std::vector<std::uint8_t> out;
  out.reserve(header_bytes + payload.size());
  const auto put = [&](std::uint32_t value, int bytes) {
    while (bytes-- > 0) out.push_back(std::uint8_t(value >> (8 * bytes)));
  };
  put(0x80, 1);
  put((header.marker ? 0x80U : 0U) | header.payload_type, 1);
  put(header.sequence, 2);
  put(header.timestamp, 4);
  put(header.ssrc, 4);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

std::optional<RtpPacket> parse_rtp(std::span<const std::uint8_t> packet) {
  if (packet.size() < header_bytes || packet[0] >> 6 != 2) return std::nullopt;
  std::size_t from = header_bytes + 4 * std::size_t(packet[0] & 0x0f);
  if (packet[0] & 0x10) {
    if (packet.size() < from + 4) return std::nullopt;
    from += 4 + 4 * big(packet, from + 2, 2);
  }
  const std::size_t padding = packet[0] & 0x20 ? packet.back() : 0;
  if (packet.size() < from + padding) return std::nullopt;
  return RtpPacket{.header = {.payload_type = std::uint8_t(packet[1] & 0x7f),
                              .marker = (packet[1] & 0x80) != 0,
                              .sequence = std::uint16_t(big(packet, 2, 2)),
                              .timestamp = big(packet, 4, 4),
                              .ssrc = big(packet, 8, 4)},
                   .payload = packet.subspan(from, packet.size() - padding - from)};
}

std::uint8_t encode(Law law, std::int16_t sample) {
  return law == Law::mu ? encode_mu(sample) : encode_a(sample);
}

std::int16_t decode(Law law, std::uint8_t code) {
  return std::int16_t(law == Law::mu ? decode_mu(code) : decode_a(code));
}

}  // namespace parley::caller
