// packet: RTP headers and G.711, the caller's own.
//
// Written apart from the engine's on purpose: a caller that shared the engine's code would share
// its mistakes, and a call between the two would hide them. Pure. RFC 3550, 5.1; ITU-T G.711.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace parley::caller {

struct RtpHeader {
  std::uint8_t payload_type = 0;
  bool marker = false;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;

  bool operator==(const RtpHeader&) const = default;
};

struct RtpPacket {
  RtpHeader header{};
  std::span<const std::uint8_t> payload{};
};

std::vector<std::uint8_t> write_rtp(const RtpHeader& header, std::span<const std::uint8_t> payload);
// Steps over CSRCs, an extension and padding. Nothing: it is no RTP version 2.
std::optional<RtpPacket> parse_rtp(std::span<const std::uint8_t> packet);

enum class Law { mu, a };
std::uint8_t encode(Law law, std::int16_t sample);
std::int16_t decode(Law law, std::uint8_t code);

}  // namespace parley::caller
