#include "plugins/rtp/rtcp_link.hpp"

#include <fmt/format.h>

#include <cmath>

namespace parley::rtp {

// The name says nothing about the machine (RFC 7022).
RtcpLink::RtcpLink(CallMedia& call, std::uint64_t seed, Nanos now, std::int64_t utc_us)
    : call_(call), session_(seed, fmt::format("{:016x}@parley", seed), now, utc_us) {}

void RtcpLink::received(std::span<const std::uint8_t> datagram, const Address& from,
                        const Address& source, Nanos now) {
  if (!source || from.ip != source.ip) {
    ++foreign_;
    return;
  }
  const auto before = session_.counters().received;
  session_.received(datagram, call_.sent_rtp, now);
  if (session_.counters().received == before) return;
  heard_from_ = from;
  if (const auto lost = session_.quality().far_lost_percent; lost >= 0)
    call_.far_loss_percent = int(std::lround(lost));
}

void RtcpLink::report(Nanos now, bool bye) {
  const auto bytes = session_.report(call_.sent_rtp, now, bye);
  const auto to = target();
  const auto& port = call_.rtcp_mux ? call_.port : call_.rtcp_port;
  if (port && to) port->send(bytes, to);
}

Address RtcpLink::target() const {
  if (call_.rtcp_mux || !call_.remote) return call_.remote;
  if (heard_from_ && heard_from_.ip == call_.remote.ip) return heard_from_;
  if (call_.rtcp_remote && call_.rtcp_remote.ip == call_.remote.ip) return call_.rtcp_remote;
  return {.ip = call_.remote.ip, .port = std::uint16_t(call_.remote.port + 1)};
}

}  // namespace parley::rtp
