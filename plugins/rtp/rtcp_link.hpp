// rtcp_link: the RTCP of one call on the wire: on the port above RTP's, or with RTP (RFC 5761).
//
// Only the host that the call's RTP comes from is listened to. Answers go where its reports come
// from; before one came, to the announced place, or the port above the one that its RTP comes from.
//
// Threads: the call's loop.
#pragma once

#include <cstdint>
#include <span>

#include "plugins/rtp/call_media.hpp"
#include "plugins/rtp/rtcp_session.hpp"

namespace parley::rtp {

class RtcpLink {
 public:
  RtcpLink(CallMedia& call, std::uint64_t seed, Nanos now, std::int64_t utc_us);

  bool works() const { return call_.rtcp_mux || call_.rtcp_port; }
  void heard(const Packet& packet, Nanos now, unsigned clock_rate) {
    session_.heard(packet, now, clock_rate);
  }
  // `source`: where the call's RTP comes from. What others send is counted, not read.
  void received(std::span<const std::uint8_t> datagram, const Address& from, const Address& source,
                Nanos now);
  Nanos next() const { return session_.next(); }
  void report(Nanos now, bool bye = false);

  const RtcpSession& session() const { return session_; }
  std::uint64_t foreign() const { return foreign_; }

 private:
  Address target() const;

  CallMedia& call_;
  RtcpSession session_;
  Address heard_from_;
  std::uint64_t foreign_ = 0;
};

}  // namespace parley::rtp
