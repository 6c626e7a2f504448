// ports: the UDP ports calls may use: pairs of a range, RTP on the even one and RTCP above it (RFC
// 3550, 11), handed out round robin so that a port rests before it is used again.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "engine/base/guarded.hpp"
#include "plugins/rtp/packet_port.hpp"

namespace parley {

struct PortRange {
  std::uint16_t first = 20000;
  std::uint16_t last = 29999;
};

class Ports {
 public:
  Ports(std::string address, PortRange range) : address_(std::move(address)), range_(range) {}

  // Bound sockets on `loop`. A pair of which somebody else has one is skipped.
  Result<PortPair> open(const LoopRef& loop);
  void give_back(std::uint16_t port);  // RTP's
  std::size_t in_use() const;          // pairs

 private:
  struct State {
    std::set<std::uint16_t> used;
    unsigned next = 0;
  };
  const std::string address_;
  const PortRange range_;
  Guarded<State> state_;
};

}  // namespace parley
