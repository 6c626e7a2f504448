// far_end: the other end of a call's wire in tests: sends what it is told to, keeps what it gets.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/loop.hpp"
#include "plugins/rtp/g711.hpp"
#include "plugins/rtp/packet_port.hpp"
#include "plugins/rtp/payload_map.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::test {

class FarEnd {
 public:
  static constexpr Address ours{0x7f000001, 20000}, theirs{0x7f000001, 4000};

  struct Got {
    Nanos at{0};
    rtp::Packet packet{};  // without its payload
    std::vector<std::uint8_t> payload{};
    std::vector<std::int16_t> samples{};  // decoded
  };

  // Answers the end that is the engine's.
  std::shared_ptr<PacketPort> connect(const LoopRef& loop) {
    auto [our_end, their_end] = make_wire(loop, ours, theirs);
    port_ = their_end;
    port_->receive([this, raw = loop.get()](std::span<const std::uint8_t> bytes, const Address&) {
      const auto p = rtp::parse(bytes);
      if (!p) return;
      Got one{.at = raw->now(),
              .packet = *p,
              .payload = {p->payload.begin(), p->payload.end()},
              .samples = decoded(*p)};
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
  // By what the numbers mean to everybody; empty when it is no codec's.
  std::vector<std::int16_t> decoded(const rtp::Packet& p) {
    static const auto map =
        rtp::PayloadMap::parse("0=PCMU/8000,8=PCMA/8000,9=G722/8000,97=L16/16000,111=opus/48000");
    const auto* type = map->find(p.payload_type);
    if (!type) return {};
    const auto rate = type->codec->decoded_rate({});
    auto& decoder = decoders_[p.payload_type];
    if (!decoder) decoder = type->codec->decoder(rate);
    std::vector<std::int16_t> samples(rate / 5);
    samples.resize(decoder->decode(p.payload, samples));
    return samples;
  }

  std::map<int, std::unique_ptr<rtp::Decoder>> decoders_;
  std::shared_ptr<PacketPort> port_;
};

}  // namespace parley::test
