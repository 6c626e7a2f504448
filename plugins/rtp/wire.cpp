// wire: two PacketPorts tied together in memory: RTP without a network, in virtual time.
//
// A packet arrives by a timer of the loop, never inside send(). What is sent to another address
// than the other end's goes nowhere, as on a network; so does what finds nobody listening. Its
// bound is what is sent within `delay`.
//
// Threads: the call's loop.

#include <vector>

#include "plugins/rtp/packet_port.hpp"

namespace parley {
namespace {

class WireEnd final : public PacketPort {
 public:
  WireEnd(LoopRef loop, Address local, Nanos delay)
      : loop_(std::move(loop)), local_(local), delay_(delay) {}

  void tie_to(const std::shared_ptr<WireEnd>& other) { other_ = other; }

  void receive(Receiver receiver) override {
    receiver_ = receiver ? std::make_shared<Receiver>(std::move(receiver)) : nullptr;
  }

  bool send(std::span<const std::uint8_t> packet, const Address& to) override {
    const auto other = other_.lock();
    if (!other || to != other->local_) return true;
    loop_->after(delay_, [weak = other_, from = local_,
                          bytes = std::vector<std::uint8_t>(packet.begin(), packet.end())] {
      if (const auto end = weak.lock()) end->arrive(bytes, from);
    });
    return true;
  }

  Address local() const override { return local_; }
  std::uint64_t unsent() const override { return 0; }

 private:
  void arrive(const std::vector<std::uint8_t>& bytes, const Address& from) {
    if (const auto receiver = receiver_) (*receiver)(bytes, from);
  }

  const LoopRef loop_;
  const Address local_;
  const Nanos delay_;
  std::weak_ptr<WireEnd> other_;
  std::shared_ptr<Receiver> receiver_;
};

}  // namespace

std::pair<std::shared_ptr<PacketPort>, std::shared_ptr<PacketPort>> make_wire(LoopRef loop,
                                                                              const Address& a,
                                                                              const Address& b,
                                                                              Nanos delay) {
  auto one = std::make_shared<WireEnd>(loop, a, delay);
  auto two = std::make_shared<WireEnd>(std::move(loop), b, delay);
  one->tie_to(two);
  two->tie_to(one);
  return {one, two};
}

}  // namespace parley
