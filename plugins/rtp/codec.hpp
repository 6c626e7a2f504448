// codec: what turns the payload of an RTP packet into samples and back. One constant table, a file
// each, found by the encoding name of RTP.
//
// A codec has two rates: that of its timestamps (G.722 says 8000 although it is wideband, Opus
// always 48000) and that of its samples here, the call's native rate. Its parameters are what the
// far end's a=fmtp line says of it: for a decoder what the far end will send, for an encoder what
// it wants to get.
//
// A codec may have modes of several bit rates (AMR-WB): its packets say in which they are, and
// which one their sender requests for what it gets.
//
// Threads: pure; a decoder or an encoder has one owner. RFC 3551, RFC 7587 (Opus), RFC
// 4867 (AMR-WB).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace parley::rtp {

class Decoder {
 public:
  virtual ~Decoder() = default;

  // Into the front of `out`: how many samples; 0: this is nothing that can be decoded.
  virtual std::size_t decode(std::span<const std::uint8_t> payload,
                             std::span<std::int16_t> out) = 0;
  // What stands in for samples that did not come. `next`: the payload right behind them, which may
  // hold them once more (in-band FEC); empty: not known. False: the codec knows no better than
  // anybody.
  virtual bool conceal(std::span<std::int16_t>, std::span<const std::uint8_t> /*next*/) {
    return false;
  }
};

class Encoder {
 public:
  virtual ~Encoder() = default;

  // A packet's payload of a packet's samples: its size; 0: nothing needs to be sent (DTX).
  virtual std::size_t encode(std::span<const std::int16_t> samples,
                             std::span<std::uint8_t> out) = 0;
  virtual void set_complexity(int) {}                 // 0 to 10: what it may cost
  virtual void set_expected_loss(int /*percent*/) {}  // of packets, as the far end reports it
  // The far end wants to get this one; nothing: it has no preference. It has effect as far as its
  // a=fmtp allows.
  virtual void request_mode(std::optional<int>) {}
  // To describe silence instead of sending it, where a codec's far ends always understand that.
  virtual void set_dtx(bool) {}
};

// What a payload says of its codec's modes.
struct Modes {
  std::optional<int> spoken{};  // nothing: there is no speech in it
  bool requests = false;        // it has something to say about what its sender gets:
  std::optional<int> wanted{};  // nothing: any
};

struct Codec {
  std::string_view name;   // as in a=rtpmap
  unsigned clock_rate;     // of timestamps
  int channels;            // as in a=rtpmap; what is carried is one
  int usual_type;          // the payload type of RFC 3551, or the one that is customary
  bool fixed_type;         // by RFC 3551: needs no a=rtpmap
  std::string_view wants;  // our a=fmtp: what we want to get
  std::span<const unsigned> packet_ms;  // what fits into a packet, ascending

  unsigned (*decoded_rate)(std::string_view params);  // of samples: 8000, 16000 ...
  unsigned (*encoded_rate)(std::string_view params);
  // How many samples of `rate` a payload says it has; 0: it is none of this codec.
  std::size_t (*samples)(std::span<const std::uint8_t> payload, unsigned rate);
  // `rate` is decoded_rate(params), or another that the codec can do.
  std::unique_ptr<Decoder> (*decoder)(unsigned rate);
  std::unique_ptr<Encoder> (*encoder)(unsigned rate, std::string_view params);
  // An encoder's first packet begins with so much silence: its look-ahead.
  unsigned silence_us = 0;
  // Of several codecs with one name and clock: it is this one that a=fmtp means; null: it always
  // is.
  bool (*speaks)(std::string_view params) = nullptr;
  Modes (*modes)(std::span<const std::uint8_t> payload) = nullptr;  // null: it has none
};

inline constexpr std::size_t longest_payload = 1400;  // fits every network's datagrams

std::span<const Codec* const> codecs();
// By name, whatever its case, clock rate and, where it matters, a=fmtp; null: not ours.
const Codec* find_codec(std::string_view name, unsigned clock_rate, std::string_view params = {});
const Codec* find_fixed_codec(int payload_type);

// The longest packet of the codec that is no longer than wanted; at least the shortest.
unsigned packet_ms(const Codec& codec, unsigned wanted_ms);

}  // namespace parley::rtp
