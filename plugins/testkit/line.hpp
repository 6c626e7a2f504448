// line: a caller's telephone line from end to end: audio is encoded, crosses a bad network as RTP,
// and comes out of the product's own receiver: jitter buffer, decoder, concealment. Any codec that
// a call may have.
//
// Driven by the moments of what is sent; no timer and no clock. Threads: pure.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <vector>

#include "plugins/rtp/receiver.hpp"
#include "plugins/rtp/rtp_sender.hpp"
#include "plugins/testkit/netsim.hpp"

namespace parley::testkit {

class Line final : private rtp::Receiver::Listener, private rtp::RtpSender::Listener {
 public:
  using Out =
      std::function<void(Nanos start, std::span<const std::int16_t>, unsigned rate, bool leap)>;

  Line(const NetSettings& settings, const rtp::PayloadMap& map, Out out);

  // 20 ms whose last sample is spoken at `end`. What is due by then comes out.
  void send(Nanos end, std::span<const std::int16_t> frame, unsigned rate);
  void finish();  // what is on its way arrives

  const NetSim::Counters& network() const { return net_.counters(); }
  rtp::Receiver::Counters received() const { return receiver_.counters(); }

 private:
  void advance(Nanos to);
  void arrive(Nanos now);
  using rtp::Receiver::Listener::on_packet;  // what it hears of packets does not matter here
  void on_packet(std::span<const std::uint8_t> bytes) override;
  void on_audio(Nanos start, std::span<const std::int16_t> samples, unsigned rate,
                bool leap) override {
    out_(start, samples, rate, leap);
  }
  void on_key(const KeyPress&) override {}
  void on_source(const Address&) override {}
  void on_first(const Address&, int) override {}

  const Out out_;
  NetSim net_;
  Nanos now_{0};  // of what is sent
  rtp::RtpSender sender_;
  rtp::Receiver receiver_;
  std::multimap<Nanos, std::vector<std::uint8_t>> on_way_;
};

}  // namespace parley::testkit
