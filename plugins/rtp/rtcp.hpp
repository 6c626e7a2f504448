// rtcp: reads and writes RTCP: sender and receiver reports, CNAME and BYE (RFC 3550, 6).
//
// Bytes come from the network: whatever they are, parse_rtcp() answers what is in them, or nothing.
// A call has two parties, so of a report's blocks only the one about us counts.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace parley::rtp {

struct SenderInfo {
  std::uint64_t ntp = 0;  // seconds since 1900, 32.32
  std::uint32_t timestamp = 0;
  std::uint32_t packets = 0, octets = 0;

  bool operator==(const SenderInfo&) const = default;
};

struct ReportBlock {
  std::uint32_t ssrc = 0;      // whom it is about
  std::uint8_t fraction = 0;   // lost since the report before, of 256
  std::int32_t lost = 0;       // since the start; below zero: more came than were sent
  std::uint32_t highest = 0;   // sequence number, with its wraps
  std::uint32_t jitter = 0;    // in timestamp units
  std::uint32_t last_sr = 0;   // the middle of the NTP time of the last SR; 0: none
  std::uint32_t since_sr = 0;  // in 1/65536 s

  bool operator==(const ReportBlock&) const = default;
};

// One compound packet.
struct Rtcp {
  std::uint32_t ssrc = 0;  // who wrote it
  std::optional<SenderInfo> sender{};
  std::optional<ReportBlock> block{};
  std::string_view cname{};  // borrowed from the datagram
  bool bye = false;
};

inline constexpr std::size_t longest_rtcp = 512;  // of ours

// `about`: our SSRC. Reports that begin with neither SR nor RR are no RTCP.
std::optional<Rtcp> parse_rtcp(std::span<const std::uint8_t> datagram, std::uint32_t about);

// Answers the size; 0 when `out` is too small. A CNAME is cut at 64 bytes.
std::size_t write_rtcp(const Rtcp& rtcp, std::span<std::uint8_t> out);

}  // namespace parley::rtp
