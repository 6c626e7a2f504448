// sent_rtp: what has been sent of a stream, as a sender report tells it (RFC 3550, 6.4.1).
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/clock.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::rtp {

struct SentRtp {
  std::uint32_t ssrc = 0;
  std::uint32_t timestamp = 0;  // of the last packet
  Nanos at{0};                  // when that left
  std::uint32_t packets = 0, octets = 0;
  unsigned clock_rate = 8000;

  // A packet that left.
  void note(std::span<const std::uint8_t> bytes, unsigned clock, Nanos now) {
    const auto p = parse(bytes);
    if (!p) return;
    ssrc = p->ssrc;
    timestamp = p->timestamp;
    at = now;
    ++packets;
    octets += std::uint32_t(p->payload.size());
    clock_rate = clock;
  }
};

}  // namespace parley::rtp
