// net_port: a PacketPort whose sent packets cross a bad network first, for calls in virtual time.
//
// Wrap both ends of a wire to impair both directions. Threads: the call's loop.
#pragma once

#include <memory>
#include <vector>

#include "plugins/rtp/packet_port.hpp"
#include "plugins/testkit/netsim.hpp"

namespace parley::testkit {

class NetPort final : public PacketPort {
 public:
  NetPort(LoopRef loop, std::shared_ptr<PacketPort> inner, const NetSettings& settings)
      : loop_(std::move(loop)), inner_(std::move(inner)), net_(settings) {}

  void receive(Receiver receiver) override { inner_->receive(std::move(receiver)); }
  bool send(std::span<const std::uint8_t> packet, const Address& to) override {
    const auto fate = net_.send(loop_->now());
    for (const auto& arrival : {fate.arrives, fate.again})
      if (arrival)
        loop_->at(*arrival, [inner = inner_, to,
                             bytes = std::vector<std::uint8_t>(packet.begin(), packet.end())] {
          inner->send(bytes, to);
        });
    return true;
  }
  Address local() const override { return inner_->local(); }
  std::uint64_t unsent() const override { return inner_->unsent(); }
  const NetSim::Counters& counters() const { return net_.counters(); }

 private:
  const LoopRef loop_;
  const std::shared_ptr<PacketPort> inner_;
  NetSim net_;
};

}  // namespace parley::testkit
