// source_latch: which sender is the far end of a call (symmetric RTP, RFC 4961).
//
// The address of the session description may be wrong, as behind a NAT, so the first sender of
// valid RTP is believed, and answers go there. It can lose its place in three ways only: the
// announced address begins to send; it has sent only a packet or two and then nothing while another
// sends; or the same stream (SSRC and sequence) goes on from elsewhere after it fell silent, as
// when a NAT rebinds. Everybody else is foreign: counted, not believed.
//
// Threads: pure.
#pragma once

#include "engine/base/clock.hpp"
#include "plugins/rtp/packet_port.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::rtp {

class SourceLatch {
 public:
  static constexpr Nanos silent_after = 500ms;

  // False: the packet is foreign. `announced` is empty when there is no description.
  bool believes(const Address& from, const Address& announced, const Packet& packet, Nanos now);
  const Address& source() const { return source_; }  // empty until a packet was believed
  std::uint64_t foreign() const { return foreign_; }

 private:
  bool may_follow(const Address& from, const Address& announced, const Packet& packet,
                  Nanos now) const;

  static constexpr unsigned proven_after = 5;  // packets

  Address source_{};
  std::uint32_t ssrc_ = 0;
  std::uint16_t sequence_ = 0;
  unsigned packets_ = 0;
  Nanos last_{0};
  std::uint64_t foreign_ = 0;
};

}  // namespace parley::rtp
