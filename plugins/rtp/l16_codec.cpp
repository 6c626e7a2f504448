// l16_codec: samples as they are, 16 bits in network order, at 16 or 8 kHz (RFC 3551, 4.5.11). For
// test lines and local bridges: 16 kHz takes 256 kbit/s.
//
// Threads: pure.
#include "plugins/rtp/codec.hpp"

namespace parley::rtp {
namespace {

struct L16Decoder final : Decoder {
  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    const auto count = payload.size() / 2;
    if (payload.size() % 2 || count > out.size()) return 0;
    for (std::size_t i = 0; i < count; ++i)
      out[i] = std::int16_t(std::uint16_t(payload[2 * i] << 8 | payload[2 * i + 1]));
    return count;
  }
};

struct L16Encoder final : Encoder {
  std::size_t encode(std::span<const std::int16_t> samples, std::span<std::uint8_t> out) override {
    if (2 * samples.size() > out.size()) return 0;
    std::size_t at = 0;
    for (const auto sample : samples) {
      out[at++] = std::uint8_t(std::uint16_t(sample) >> 8);
      out[at++] = std::uint8_t(sample);
    }
    return at;
  }
};

// Of 16 kHz no more than 40 ms fit into a datagram.
constexpr unsigned wide_times[] = {10, 20, 30, 40};
constexpr unsigned narrow_times[] = {10, 20, 30, 40, 50, 60};

std::size_t samples(std::span<const std::uint8_t> payload, unsigned) {
  return payload.size() % 2 ? 0 : payload.size() / 2;
}

template <unsigned kHz>
constexpr Codec codec(int usual_type, std::span<const unsigned> times) {
  constexpr auto rate = [](std::string_view) { return kHz * 1000; };
  return {.name = "L16",
          .clock_rate = kHz * 1000,
          .channels = 1,
          .usual_type = usual_type,
          .fixed_type = false,
          .wants = "",
          .packet_ms = times,
          .decoded_rate = rate,
          .encoded_rate = rate,
          .samples = samples,
          .decoder = [](unsigned) -> std::unique_ptr<Decoder> {
            return std::make_unique<L16Decoder>();
          },
          .encoder = [](unsigned, std::string_view) -> std::unique_ptr<Encoder> {
            return std::make_unique<L16Encoder>();
          }};
}

}  // namespace

extern const Codec l16_wide_codec, l16_narrow_codec;
constexpr Codec l16_wide_codec = codec<16>(97, wide_times);
constexpr Codec l16_narrow_codec = codec<8>(98, narrow_times);

}  // namespace parley::rtp
