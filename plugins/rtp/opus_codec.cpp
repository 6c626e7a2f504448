// opus_codec: Opus for a voice, by libopus: 8 to 48 kHz, in-band FEC, DTX (RFC 6716, RFC 7587).
//
// Here it runs at 16 kHz, or at 8 kHz when the far end says that it has no more. What the far end
// wants to get, it says by maxplaybackrate, maxaveragebitrate, useinbandfec, usedtx and cbr. FEC
// costs bits, so it is sent to who asks for it; it is always listened for. Frames of 2.5 and 5 ms
// are understood and not sent.
//
// Threads: pure.
#include <opus/opus.h>

#include <algorithm>
#include <array>

#include "engine/base/params.hpp"
#include "plugins/rtp/codec.hpp"

namespace parley::rtp {
namespace {

constexpr int usual_complexity = 5;
constexpr int usual_loss_percent = 10;  // what FEC is made for, until the far end reports its own
constexpr unsigned shortest_frames = 400;  // a second: 2.5 ms each
constexpr unsigned rates[] = {8000, 12000, 16000, 24000, 48000};

unsigned rate_for(std::optional<int> greatest) {
  return greatest && *greatest <= 8000 ? 8000 : 16000;
}

class OpusReader final : public Decoder {
 public:
  explicit OpusReader(unsigned rate)
      : rate_(rate), state_(opus_decoder_create(opus_int32(rate), 1, nullptr)) {}

  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    if (payload.empty()) return 0;  // libopus takes it for a loss
    return result(opus_decode(state_.get(), payload.data(), opus_int32(payload.size()), out.data(),
                              int(out.size()), 0));
  }

  bool conceal(std::span<std::int16_t> out, std::span<const std::uint8_t> next) override {
    const auto step = rate_ / shortest_frames;
    const auto whole = out.first(out.size() / step * step);
    const auto* data = next.empty() ? nullptr : next.data();
    const bool made = whole.empty() ||
                      result(opus_decode(state_.get(), data, opus_int32(next.size()), whole.data(),
                                         int(whole.size()), data ? 1 : 0)) == whole.size();
    std::fill(out.begin() + std::ptrdiff_t(whole.size()), out.end(),
              whole.empty() ? std::int16_t(0) : whole.back());
    return made;
  }

 private:
  struct Free {
    void operator()(OpusDecoder* s) const { opus_decoder_destroy(s); }
  };
  static std::size_t result(int samples) { return std::size_t(std::max(samples, 0)); }

  const unsigned rate_;
  const std::unique_ptr<OpusDecoder, Free> state_;
};

class OpusWriter final : public Encoder {
 public:
  OpusWriter(unsigned rate, std::string_view params)
      : state_(opus_encoder_create(opus_int32(rate), 1, OPUS_APPLICATION_VOIP, nullptr)) {
    const bool fec = param(params, "useinbandfec").value_or(0) == 1;
    const int most = std::clamp(param(params, "maxaveragebitrate").value_or(510000), 6000, 510000);
    const int usual = (rate <= 8000 ? 14000 : 24000) + (fec ? 4000 : 0);
    set(OPUS_SET_BITRATE(std::min(usual, most)));
    set(OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    set(OPUS_SET_VBR(param(params, "cbr").value_or(0) != 1));
    set(OPUS_SET_DTX(param(params, "usedtx").value_or(0) == 1));
    set(OPUS_SET_INBAND_FEC(fec));
    set(OPUS_SET_PACKET_LOSS_PERC(fec ? usual_loss_percent : 0));
    set_complexity(usual_complexity);
  }

  std::size_t encode(std::span<const std::int16_t> samples, std::span<std::uint8_t> out) override {
    const int size = opus_encode(state_.get(), samples.data(), int(samples.size()), out.data(),
                                 opus_int32(out.size()));
    return size <= 2 ? 0 : std::size_t(size);  // two bytes or less say: nothing new (DTX)
  }
  void set_complexity(int complexity) override {
    set(OPUS_SET_COMPLEXITY(std::clamp(complexity, 0, 10)));
  }
  void set_expected_loss(int percent) override {
    set(OPUS_SET_PACKET_LOSS_PERC(std::clamp(percent, 0, 100)));
  }

 private:
  struct Free {
    void operator()(OpusEncoder* s) const { opus_encoder_destroy(s); }
  };
  template <class... Args>
  void set(int request, Args... args) {
    opus_encoder_ctl(state_.get(), request, args...);
  }

  const std::unique_ptr<OpusEncoder, Free> state_;
};

constexpr unsigned times[] = {10, 20, 40, 60};

std::size_t samples(std::span<const std::uint8_t> payload, unsigned rate) {
  std::array<const unsigned char*, 48> frames;
  std::array<opus_int16, 48> sizes;
  unsigned char toc = 0;
  if (payload.empty() || opus_packet_parse(payload.data(), opus_int32(payload.size()), &toc,
                                           frames.data(), sizes.data(), nullptr) <= 0)
    return 0;
  return std::size_t(std::max(
      opus_packet_get_nb_samples(payload.data(), opus_int32(payload.size()), opus_int32(rate)), 0));
}

bool is_possible(unsigned rate) { return std::ranges::find(rates, rate) != std::end(rates); }

}  // namespace

extern const Codec opus_codec;
constexpr Codec opus_codec = {
    .name = "opus",
    .clock_rate = 48000,
    .channels = 2,  // always, by RFC 7587
    .usual_type = 111,
    .fixed_type = false,
    .wants = "maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1",
    .packet_ms = times,
    .decoded_rate = [](std::string_view p) { return rate_for(param(p, "sprop-maxcapturerate")); },
    .encoded_rate = [](std::string_view p) { return rate_for(param(p, "maxplaybackrate")); },
    .samples = samples,
    .decoder = [](unsigned rate) -> std::unique_ptr<Decoder> {
      if (!is_possible(rate)) return nullptr;
      return std::make_unique<OpusReader>(rate);
    },
    .encoder = [](unsigned rate, std::string_view params) -> std::unique_ptr<Encoder> {
      if (!is_possible(rate)) return nullptr;
      return std::make_unique<OpusWriter>(rate, params);
    },
    .silence_us = 6500};

}  // namespace parley::rtp
