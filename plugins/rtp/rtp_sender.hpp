// rtp_sender: the packets of one stream of G.711: sequence, timestamps, markers (RFC 3550, RFC
// 3551).
//
// Timestamps go on with time whether packets are sent or not; the marker stands on the first packet
// of a talk spurt. Start values and SSRC come from a seeded generator.
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <span>

#include "plugins/rtp/g711.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::rtp {

class RtpSender {
 public:
  static constexpr std::size_t frame_samples = 160;

  RtpSender(g711::Law law, std::uint64_t seed) : law_(law) {
    std::mt19937_64 random(seed);
    sequence_ = std::uint16_t(random());
    timestamp_ = std::uint32_t(random());
    ssrc_ = std::uint32_t(random());
  }

  // The packet for the frame of now; valid until the next call. `talking`: it is part of a spurt.
  std::span<const std::uint8_t> packet(std::span<const std::int16_t> frame, bool talking) {
    std::array<std::uint8_t, frame_samples> codes;
    const auto payload = std::span(codes).first(frame.size());
    g711::encode(law_, frame, payload);
    const auto size = write({.marker = talking && !talking_,
                             .payload_type = std::uint8_t(law_),
                             .sequence = sequence_++,
                             .timestamp = timestamp_,
                             .ssrc = ssrc_,
                             .payload = payload},
                            bytes_);
    talking_ = talking;
    return std::span(bytes_).first(size);
  }
  // Time went by: by the frame that was sent, or without one.
  void pass(std::uint32_t samples) { timestamp_ += samples; }
  void fall_silent() { talking_ = false; }

 private:
  const g711::Law law_;
  std::uint16_t sequence_ = 0;
  std::uint32_t timestamp_ = 0;
  std::uint32_t ssrc_ = 0;
  bool talking_ = false;
  std::array<std::uint8_t, header_size + frame_samples> bytes_{};
};

}  // namespace parley::rtp
