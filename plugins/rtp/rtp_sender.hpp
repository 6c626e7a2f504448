// rtp_sender: the packets of one stream: codec, packet time, sequence, timestamps, markers (RFC
// 3550, RFC 3551), and key presses in between (RFC 4733).
//
// Frames come as they are played, packets go as long as was agreed: a packet may take several
// frames, and a part of one. Frames of another rate than the codec's are resampled. Codec and
// packet time change where a packet ends. Timestamps go on with time whether packets are sent or
// not; the marker stands on the first packet of a talk spurt. Start values and SSRC come from a
// seeded generator.
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/clock.hpp"
#include "plugins/dsp/rate_changer.hpp"
#include "plugins/rtp/dtmf_sender.hpp"
#include "plugins/rtp/payload_map.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::rtp {

class RtpSender {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_packet(std::span<const std::uint8_t> bytes) = 0;  // valid in the call
  };

  RtpSender(Listener& listener, std::uint64_t seed);

  // From the next packet on: the map's codec, packets of `packet_ms` as far as it can.
  void use(PayloadMap map, unsigned packet_ms);
  void set_complexity(int complexity);
  void set_expected_loss(int percent);
  void request_mode(std::optional<int> mode);
  void set_dtx(bool dtx);

  unsigned rate() const { return rate_; }              // of the codec's samples
  unsigned clock_rate() const { return clock_rate_; }  // of the timestamps
  Nanos packet_time() const { return Nanos(1ms) * packet_ms_; }

  // The frame of now, of `rate` (8 or 16 kHz). `talking`: it is part of a spurt.
  void push(std::span<const std::int16_t> frame, unsigned rate, bool talking);
  // Time went by without a frame.
  void pass(Nanos time);
  // A packet is begun: silence must follow until it is full, or what is in it does not leave.
  bool half() const { return !pending_.empty(); }
  void fall_silent() { talking_ = false; }

  // False: the far end takes no telephone events, these are no keys, or too many wait.
  bool press(std::string_view keys);
  bool pressing() const { return keys_.busy(); }
  // In place of a frame, while pressing.
  void push_key(Nanos step);

 private:
  struct Stream {
    PayloadMap map{};
    unsigned packet_ms = 20;
  };

  void change();
  void finish_packet(std::span<const std::int16_t> samples);
  void send(int type, bool marker, std::uint32_t timestamp, std::span<const std::uint8_t> payload);

  Listener& listener_;
  PayloadMap map_{};
  std::optional<Stream> next_{};
  std::unique_ptr<Encoder> encoder_{};
  int complexity_ = -1, expected_loss_ = -1;  // -1: as the codec has it
  std::optional<int> mode_{};                 // that the far end requests
  bool dtx_ = false;
  int type_ = 0;
  unsigned rate_ = 8000, clock_rate_ = 8000, packet_ms_ = 20;
  std::size_t packet_samples_ = 160;
  std::vector<std::int16_t> pending_{};  // of the packet that is begun
  RateChanger at_rate_{};
  std::uint64_t passed_ = 0;  // ticks of the clock, for when the packet that is begun is out
  DtmfSender keys_{};
  std::uint32_t key_timestamp_ = 0;
  std::uint16_t sequence_ = 0;
  std::uint32_t timestamp_ = 0;  // of the packet that is begun
  std::uint32_t ssrc_ = 0;
  bool talking_ = false, spurt_ = false;
};

}  // namespace parley::rtp
