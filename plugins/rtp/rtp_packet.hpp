// rtp_packet: reads and writes the header of an RTP packet (RFC 3550, 5.1).
//
// Bytes come from the network: whatever they are, parse() answers a packet that lies within them,
// or nothing. RTCP that shares the port (RFC 5761, section 4) is told apart and is not a packet.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace parley::rtp {

inline constexpr std::size_t header_size = 12;

struct Packet {
  bool marker = false;
  std::uint8_t payload_type = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::span<const std::uint8_t> payload{};  // borrowed from the datagram
};

// Padding, CSRCs and an extension are stepped over.
std::optional<Packet> parse(std::span<const std::uint8_t> datagram);

// True: this is RTCP, sent to the same port.
bool is_rtcp(std::span<const std::uint8_t> datagram);

// A packet without padding, CSRCs or extension. Answers its size; 0 when `out` is too small.
std::size_t write(const Packet& packet, std::span<std::uint8_t> out);

}  // namespace parley::rtp
