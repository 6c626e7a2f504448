#include "engine/call/ports.hpp"

#include <fmt/core.h>

namespace parley {
Result<PortPair> Ports::open(const LoopRef& loop) {
  const unsigned first = (range_.first + 1u) & ~1u;  // RFC 3550: RTP on even ports
  const unsigned count = range_.last > first ? (range_.last - first + 1u) / 2 : 0;
  std::string last_error = "all are in use";
  for (unsigned tried = 0; tried < count; ++tried) {
    const auto port = state_.with([&](State& s) -> std::uint16_t {
      const auto candidate = std::uint16_t(first + 2 * (s.next++ % count));
      return s.used.insert(candidate).second ? candidate : std::uint16_t(0);
    });
    if (!port) continue;
    const auto local = parse_address(address_, port);
    if (!local) return Error{local.error()};
    auto rtp = open_udp_port(loop, *local);
    auto rtcp = open_udp_port(loop, {local->ip, std::uint16_t(port + 1)});
    if (rtp && rtcp) return PortPair{*std::move(rtp), *std::move(rtcp)};
    last_error = rtp ? rtcp.error() : rtp.error();
    give_back(port);
  }
  return Error{fmt::format("no free RTP port in {}-{}: {}", range_.first, range_.last, last_error)};
}

void Ports::give_back(std::uint16_t port) {
  state_.with([&](State& s) { s.used.erase(port); });
}

std::size_t Ports::in_use() const {
  return state_.with([](const State& s) { return s.used.size(); });
}

}  // namespace parley
