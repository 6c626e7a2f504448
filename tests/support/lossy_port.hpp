// lossy_port: a port that loses packets both ways, one by one, seeded.
//
// Threads: the virtual loop's.
#pragma once

#include <memory>
#include <random>
#include <utility>

#include "plugins/rtp/packet_port.hpp"

namespace parley::test {

class LossyPort final : public PacketPort {
 public:
  LossyPort(std::shared_ptr<PacketPort> inner, int percent, unsigned seed)
      : inner_(std::move(inner)), percent_(percent), random_(seed) {}

  void receive(Receiver receiver) override {
    if (!receiver) return inner_->receive({});
    inner_->receive([this, receiver = std::move(receiver)](std::span<const std::uint8_t> bytes,
                                                           const Address& from) {
      if (!lost()) receiver(bytes, from);
    });
  }
  bool send(std::span<const std::uint8_t> bytes, const Address& to) override {
    return lost() || inner_->send(bytes, to);
  }
  Address local() const override { return inner_->local(); }
  std::uint64_t unsent() const override { return inner_->unsent(); }

 private:
  bool lost() { return int(random_() % 100) < percent_; }

  const std::shared_ptr<PacketPort> inner_;
  const int percent_;
  std::mt19937 random_;
};

}  // namespace parley::test
