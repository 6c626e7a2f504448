// g722_codec: G.722 at 64 kbit/s by libspandsp: wideband, four bits a sample, for a fifth of what
// Opus costs.
//
// RFC 3551 gives it a clock of 8000 by an old mistake that must be kept: a timestamp counts bytes,
// which are two samples each (4.5.2).
//
// Threads: pure.
#include "plugins/rtp/codec.hpp"

// Last, and in this order: it defines lrint and needs what stands before.
#include <spandsp/telephony.h>

#include <spandsp/g722.h>

namespace parley::rtp {
namespace {

constexpr int bits_a_second = 64000;

class G722Decoder final : public Decoder {
 public:
  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    if (2 * payload.size() > out.size()) return 0;
    return std::size_t(g722_decode(state_.get(), out.data(), payload.data(), int(payload.size())));
  }

 private:
  struct Free {
    void operator()(g722_decode_state_t* s) const { g722_decode_free(s); }
  };
  std::unique_ptr<g722_decode_state_t, Free> state_{g722_decode_init(nullptr, bits_a_second, 0)};
};

class G722Encoder final : public Encoder {
 public:
  std::size_t encode(std::span<const std::int16_t> samples, std::span<std::uint8_t> out) override {
    if (samples.size() % 2 || samples.size() / 2 > out.size()) return 0;
    return std::size_t(g722_encode(state_.get(), out.data(), samples.data(), int(samples.size())));
  }

 private:
  struct Free {
    void operator()(g722_encode_state_t* s) const { g722_encode_free(s); }
  };
  std::unique_ptr<g722_encode_state_t, Free> state_{g722_encode_init(nullptr, bits_a_second, 0)};
};

constexpr unsigned times[] = {10, 20, 30, 40, 50, 60};

unsigned rate(std::string_view) { return 16000; }
std::size_t samples(std::span<const std::uint8_t> payload, unsigned) { return 2 * payload.size(); }

}  // namespace

extern const Codec g722_codec;
constexpr Codec g722_codec = {
    .name = "G722",
    .clock_rate = 8000,
    .channels = 1,
    .usual_type = 9,
    .fixed_type = true,
    .wants = "",
    .packet_ms = times,
    .decoded_rate = rate,
    .encoded_rate = rate,
    .samples = samples,
    .decoder = [](unsigned) -> std::unique_ptr<Decoder> { return std::make_unique<G722Decoder>(); },
    .encoder = [](unsigned, std::string_view) -> std::unique_ptr<Encoder> {
      return std::make_unique<G722Encoder>();
    },
    .silence_us = 1375};

}  // namespace parley::rtp
