#include "engine/media_stream/port.hpp"

#include <utility>

#include "plugins/rtp/rtp_packet.hpp"

namespace parley::media_stream {

Port::Port(LoopRef loop, Wire wire, const Dialect& dialect, const Started& started, Address local,
           Address far)
    : loop_(std::move(loop)),
      wire_(std::move(wire)),
      writer_(dialect, started.start.stream),
      codec_(*started.codec),
      local_(local),
      far_(far),
      inputs_(inputs_max, [this] { wake(); }) {}

void Port::give(Input input) {
  if (inputs_.offer(std::move(input)) && asleep_.exchange(false)) wake();
}

void Port::over(Over over) {
  const bool first = over_.with([&](auto& mine) {
    if (mine) return false;
    mine = std::move(over);
    return true;
  });
  if (first) wake();
}

void Port::wake() {
  const bool posted = loop_->post([weak = weak_from_this()] {
    if (const auto port = weak.lock()) port->drain();
  });
  if (!posted) asleep_ = true;
}

void Port::drain() {
  for (const auto& input : inputs_.take_now())
    std::visit([this](const auto& one) { take(one); }, input);
  const auto over = over_.with([](const auto& mine) { return mine; });
  if (over && on_over_) std::exchange(on_over_, {})(*over);
}

void Port::take(const Audio& audio) {
  swapped_ = audio.swapped;
  if (const auto receiver = receiver_) (*receiver)(audio.packet, far_);
}

void Port::take(const Key& key) {
  if (const auto media = media_.lock(); media && media->on_key) media->on_key({key.digit, key_ms});
}

void Port::take(const Played& played) {
  if (const auto media = media_.lock(); media && media->on_played) media->on_played(played.mark);
}

void Port::attach(std::weak_ptr<CallMedia> media, std::function<void(const Over&)> on_over) {
  media_ = std::move(media);
  on_over_ = std::move(on_over);
}

void Port::receive(Receiver receiver) {
  receiver_ = receiver ? std::make_shared<Receiver>(std::move(receiver)) : nullptr;
}

bool Port::send(std::span<const std::uint8_t> datagram, const Address&) {
  const auto packet = rtp::parse(datagram);
  if (!packet || packet->payload_type != codec_.usual_type) return true;  // there is no such thing
  auto payload = packet->payload;
  if (swapped_) {
    other_order_.assign(payload.begin(), payload.end());
    swap_bytes(other_order_);
    payload = other_order_;
  }
  if (wire_.send(writer_.media(payload), false)) return true;
  ++unsent_;
  return false;
}

}  // namespace parley::media_stream
