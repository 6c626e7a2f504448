// g711_codec: PCMU and PCMA in the table of codecs: a byte a sample (RFC 3551, 4.5.14).
//
// Threads: pure.
#include <algorithm>

#include "plugins/rtp/codec.hpp"
#include "plugins/rtp/g711.hpp"

namespace parley::rtp {
namespace {

using g711::Law;

template <Law law>
struct G711Decoder final : Decoder {
  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    if (payload.size() > out.size()) return 0;
    g711::decode(law, payload, out.first(payload.size()));
    return payload.size();
  }
};

template <Law law>
struct G711Encoder final : Encoder {
  std::size_t encode(std::span<const std::int16_t> samples, std::span<std::uint8_t> out) override {
    if (samples.size() > out.size()) return 0;
    g711::encode(law, samples, out.first(samples.size()));
    return samples.size();
  }
};

constexpr unsigned times[] = {10, 20, 30, 40, 50, 60};

unsigned rate(std::string_view) { return 8000; }
std::size_t samples(std::span<const std::uint8_t> payload, unsigned) { return payload.size(); }

template <Law law>
constexpr Codec codec(std::string_view name) {
  return {.name = name,
          .clock_rate = 8000,
          .channels = 1,
          .usual_type = int(law),
          .fixed_type = true,
          .wants = "",
          .packet_ms = times,
          .decoded_rate = rate,
          .encoded_rate = rate,
          .samples = samples,
          .decoder = [](unsigned) -> std::unique_ptr<Decoder> {
            return std::make_unique<G711Decoder<law>>();
          },
          .encoder = [](unsigned, std::string_view) -> std::unique_ptr<Encoder> {
            return std::make_unique<G711Encoder<law>>();
          }};
}

}  // namespace

extern const Codec pcmu_codec, pcma_codec;
constexpr Codec pcmu_codec = codec<Law::mu>("PCMU");
constexpr Codec pcma_codec = codec<Law::a>("PCMA");

}  // namespace parley::rtp
