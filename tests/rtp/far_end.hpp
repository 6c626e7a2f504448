// far_end: the other end of a call's wire in tests: sends what it is told to, keeps what it gets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/loop.hpp"
#include "plugins/rtp/g711.hpp"
#include "plugins/rtp/packet_port.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::test {

class FarEnd {
 public:
  static constexpr Address ours{0x7f000001, 20000}, theirs{0x7f000001, 4000};

  struct Got {
    Nanos at{0};
    rtp::Packet packet{};                 // without its payload
    std::vector<std::int16_t> samples{};  // decoded
  };

  // Answers the end that is the engine's.
  std::shared_ptr<PacketPort> connect(const LoopRef& loop) {
    auto [our_end, their_end] = make_wire(loop, ours, theirs);
    port_ = their_end;
    port_->receive([this, raw = loop.get()](std::span<const std::uint8_t> bytes, const Address&) {
      const auto p = rtp::parse(bytes);
      if (!p) return;
      Got one{
          .at = raw->now(), .packet = *p, .samples = std::vector<std::int16_t>(p->payload.size())};
      if (const auto law = g711::law_of(p->payload_type))
        g711::decode(*law, p->payload, one.samples);
      one.packet.payload = {};
      got.push_back(std::move(one));
    });
    return our_end;
  }

  void send(std::span<const std::uint8_t> bytes) { port_->send(bytes, ours); }
  void send(int type, int sequence, std::uint32_t timestamp, std::vector<std::uint8_t> payload) {
    std::vector<std::uint8_t> bytes(rtp::header_size + payload.size());
    rtp::write({.payload_type = std::uint8_t(type),
                .sequence = std::uint16_t(sequence),
                .timestamp = timestamp,
                .ssrc = 7,
                .payload = payload},
               bytes);
    send(bytes);
  }
  // The n-th 20 ms of a stream of one value.
  void voice(int n, int value = 1000) {
    send(0, n, std::uint32_t(n * 160),
         std::vector<std::uint8_t>(160, g711::encode(g711::Law::mu, std::int16_t(value))));
  }

  std::vector<Got> got;

 private:
  std::shared_ptr<PacketPort> port_;
};

}  // namespace parley::test
