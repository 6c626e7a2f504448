// reception: what a receiver report says of a stream: how many packets should have come, how many
// did, how unevenly (RFC 3550, A.1, A.3 and A.8).
//
// Counts what came off the wire, late packets and duplicates too; what was heard of it is the
// jitter buffer's to say.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/clock.hpp"
#include "plugins/rtp/rtcp.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::rtp {

class Reception {
 public:
  void note(const Packet& packet, Nanos now, unsigned clock_rate);

  // Of the stream that came last; the loss since the block before. Nothing: no packet ever came.
  std::optional<ReportBlock> block();
  Nanos jitter() const;
  std::uint64_t packets() const { return packets_; }  // of all streams

 private:
  std::uint32_t highest() const { return cycles_ + sequence_; }

  bool any_ = false;
  std::uint64_t packets_ = 0;
  std::uint32_t ssrc_ = 0;
  std::uint16_t sequence_ = 0;  // the highest
  std::uint32_t cycles_ = 0, base_ = 0;
  std::uint32_t received_ = 0;  // of this stream
  std::uint32_t expected_before_ = 0, received_before_ = 0;
  unsigned clock_rate_ = 8000;
  std::optional<Nanos> took_{};
  std::uint32_t timestamp_ = 0;
  Nanos jitter_{0};
};

}  // namespace parley::rtp
