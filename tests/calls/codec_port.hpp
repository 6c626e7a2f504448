// codec_port: lets a caller that speaks G.711 call with any codec: stands between the caller and
// its wire and turns each packet's payload into the codec's and back, timestamps included.
//
// Threads: the virtual loop's.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "plugins/dsp/half_band.hpp"
#include "plugins/rtp/g711.hpp"
#include "plugins/rtp/packet_port.hpp"
#include "plugins/rtp/payload_map.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::test {

class CodecPort final : public PacketPort {
 public:
  CodecPort(std::shared_ptr<PacketPort> wire, const rtp::Codec& codec) : wire_(std::move(wire)) {
    use(codec);
  }

  // From the next packet on.
  void use(const rtp::Codec& codec) {
    codec_ = &codec;
    rate_ = codec.encoded_rate("");
    encoder_ = codec.encoder(rate_, "");
  }
  // How many packets came, by payload type.
  const std::map<int, int>& came() const { return came_; }

  void receive(Receiver receiver) override {
    if (!receiver) return wire_->receive({});
    wire_->receive([this, receiver](std::span<const std::uint8_t> bytes, const Address& from) {
      const auto p = rtp::parse(bytes);
      if (!p) return;
      ++came_[p->payload_type];
      const auto samples = heard(*p);
      if (samples.empty()) return;
      std::vector<std::uint8_t> codes(samples.size());
      g711::encode(g711::Law::mu, samples, codes);
      receiver(written(*p, 0, codes), from);
    });
  }

  bool send(std::span<const std::uint8_t> bytes, const Address& to) override {
    auto p = rtp::parse(bytes);
    if (!p) return wire_->send(bytes, to);
    p->timestamp *= codec_->clock_rate / 8000;
    if (p->payload_type != 0) return wire_->send(written(*p, p->payload_type, p->payload), to);
    std::vector<std::int16_t> samples(p->payload.size()), wide;
    g711::decode(g711::Law::mu, p->payload, samples);
    if (rate_ == 16000) {
      up_.push(samples, wide);
      samples = wide;
    }
    std::vector<std::uint8_t> payload(rtp::longest_payload);
    payload.resize(encoder_->encode(samples, payload));
    return wire_->send(written(*p, codec_->usual_type, payload), to);
  }

  Address local() const override { return wire_->local(); }
  std::uint64_t unsent() const override { return wire_->unsent(); }

 private:
  std::vector<std::int16_t> heard(const rtp::Packet& p) {
    for (const auto* codec : rtp::codecs()) {
      if (codec->usual_type != p.payload_type) continue;
      const auto rate = codec->decoded_rate("");
      auto& decoder = decoders_[p.payload_type];
      if (!decoder) decoder = codec->decoder(rate);
      std::vector<std::int16_t> samples(rate / 5), narrow;
      samples.resize(decoder->decode(p.payload, samples));
      if (rate == 8000) return samples;
      down_.push(samples, narrow);
      return narrow;
    }
    return {};
  }

  static std::vector<std::uint8_t> written(rtp::Packet p, int type,
                                           std::span<const std::uint8_t> payload) {
    p.payload_type = std::uint8_t(type);
    p.payload = payload;
    std::vector<std::uint8_t> bytes(rtp::header_size + payload.size());
    bytes.resize(rtp::write(p, bytes));
    return bytes;
  }

  const std::shared_ptr<PacketPort> wire_;
  const rtp::Codec* codec_ = nullptr;
  unsigned rate_ = 8000;
  std::unique_ptr<rtp::Encoder> encoder_;
  std::map<int, std::unique_ptr<rtp::Decoder>> decoders_;
  std::map<int, int> came_;
  Upsampler up_;
  Downsampler down_;
};

}  // namespace parley::test
