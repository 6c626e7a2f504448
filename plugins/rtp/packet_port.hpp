// packet_port: where a call's datagrams come from and go to: a UDP socket, or a wire in memory for
// virtual time.
//
// Threads: the call's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "engine/base/loop.hpp"
#include "engine/base/result.hpp"

namespace parley {

struct Address {         // IPv4
  std::uint32_t ip = 0;  // host order
  std::uint16_t port = 0;

  bool operator==(const Address&) const = default;
  explicit operator bool() const { return port != 0; }
};
std::string host_of(const Address& address);                                 // "127.0.0.1"
std::string to_string(const Address& address);                               // "127.0.0.1:5004"
Result<Address> parse_address(const std::string& host, std::uint16_t port);  // numeric hosts only

class PacketPort {
 public:
  using Receiver = std::function<void(std::span<const std::uint8_t>, const Address& from)>;

  virtual ~PacketPort() = default;
  virtual void receive(Receiver receiver) = 0;  // {}: nobody listens any more
  // False: the system did not take it; the packet is gone and counted.
  virtual bool send(std::span<const std::uint8_t> packet, const Address& to) = 0;
  virtual Address local() const = 0;
  virtual std::uint64_t unsent() const = 0;
  // Of a port with SRTP: packets that failed authentication.
  virtual std::uint64_t undecryptable() const { return 0; }
  virtual bool secure() const { return false; }
};

// What a call gets: RTP on an even port, RTCP on the one above (RFC 3550, 11).
struct PortPair {
  std::shared_ptr<PacketPort> rtp, rtcp;
};

// A bound UDP socket on a real loop. Port 0 takes a free one.
Result<std::shared_ptr<PacketPort>> open_udp_port(LoopRef loop, const Address& local);

// Two ends of a wire: what one sends the other receives `delay` later, in order.
std::pair<std::shared_ptr<PacketPort>, std::shared_ptr<PacketPort>> make_wire(LoopRef loop,
                                                                              const Address& a,
                                                                              const Address& b,
                                                                              Nanos delay = {});

}  // namespace parley
