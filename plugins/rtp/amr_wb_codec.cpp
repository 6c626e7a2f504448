// amr_wb_codec: AMR-WB (ITU-T G.722.2), the wideband voice of mobile networks: libvo-amrwbenc
// encodes, libopencore-amrwb decodes.
//
// Two entries of the table, for the two payload formats that octet-align chooses from. The mode is
// what the far end requests (amr_wb_modes); we request none. With DTX, silence is described eight
// frames after it began and every eighth from then on, and nothing is sent in between.
//
// Behind a description of silence the decoder makes comfort noise. A voice that is lost it lets
// fade too soon: by TS 26.191 a lost frame's pitch gain is below .95 times the one before in each
// quarter of it, and what is excited by what was excited falls with every period: 10 dB down in the
// first lost frame and 40 dB in the second. (There is a gentler way for frames that came damaged;
// the library can't be asked for it, its `bfi` and a frame of type 14 both mean that nothing came.)
// So lost speech is made up by `concealment`. The decoder, to which nobody listens meanwhile, gets
// its last frame once more before it is told of losses: then what follows is as loud as it should
// be.
//
// Threads: pure. RFC 4867.
#include <opencore-amrwb/dec_if.h>
#include <vo-amrwbenc/enc_if.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/params.hpp"
#include "plugins/rtp/amr_wb_modes.hpp"
#include "plugins/rtp/amr_wb_payload.hpp"
#include "plugins/rtp/codec.hpp"
#include "plugins/rtp/concealment.hpp"

namespace parley::rtp {
namespace {

using amr_wb::Layout;

constexpr unsigned sample_rate = 16000;
constexpr std::size_t frame_samples = sample_rate / 50;

// A frame as both libraries have it: an octet with type and quality, then the bits.
using Octets = std::array<std::uint8_t, 1 + amr_wb::longest_frame>;

class AmrWbReader final : public Decoder {
 public:
  explicit AmrWbReader(Layout layout) : layout_(layout) {}

  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    const auto contents = amr_wb::read(payload, layout_);
    if (!contents || contents->count * frame_samples > out.size()) return 0;
    spare_ = 0;
    for (std::size_t i = 0; i < contents->count; ++i)
      hear(amr_wb::frame(payload, contents->entries[i]),
           out.subspan(i * frame_samples).first<frame_samples>());
    return contents->count * frame_samples;
  }

  // Frame by frame, as the sender went on; what is left of one goes first the next time.
  bool conceal(std::span<std::int16_t> out, std::span<const std::uint8_t>) override {
    while (!out.empty()) {
      if (spare_ == 0) {
        hear({.type = amr_wb::speech_lost}, made_up_);
        spare_ = frame_samples;
      }
      const auto part = out.first(std::min(out.size(), spare_));
      std::copy_n(made_up_.end() - std::ptrdiff_t(spare_), part.size(), part.begin());
      spare_ -= part.size();
      out = out.subspan(part.size());
    }
    return true;
  }

 private:
  struct Free {
    void operator()(void* s) const { D_IF_exit(s); }
  };

  void hear(const amr_wb::Frame& frame, std::span<std::int16_t, frame_samples> out) {
    const bool came = frame.good && frame.type <= amr_wb::silence;
    if (came) is_silent_ = frame.type == amr_wb::silence;
    if (came) last_ = frame;
    if (came || is_silent_) {  // a sender that has described its silence sends nothing for a while
      synthesize(came ? frame : amr_wb::Frame{.type = amr_wb::no_data}, out);
      concealment_.heard(out);
    } else {
      synthesize(std::exchange(last_, {.type = amr_wb::speech_lost}), out);
      concealment_.fill(out);
    }
  }

  void synthesize(const amr_wb::Frame& frame, std::span<std::int16_t, frame_samples> out) {
    Octets octets{std::uint8_t(frame.type << 3 | 4)};
    std::ranges::copy(frame.bits, octets.begin() + 1);
    D_IF_decode(state_.get(), octets.data(), out.data(), 0);
  }

  const Layout layout_;
  const std::unique_ptr<void, Free> state_{D_IF_init()};
  Concealment concealment_{sample_rate};
  bool is_silent_ = false;
  amr_wb::Frame last_{.type = amr_wb::speech_lost};  // once more for the first that is lost
  std::array<std::int16_t, frame_samples> made_up_{};
  std::size_t spare_ = 0;  // at the end of it: not heard yet
};

class AmrWbWriter final : public Encoder {
 public:
  AmrWbWriter(Layout layout, std::string_view params) : layout_(layout), modes_(params) {}

  void request_mode(std::optional<int> mode) override { modes_.request(mode); }
  void set_dtx(bool dtx) override { dtx_ = dtx; }

  std::size_t encode(std::span<const std::int16_t> samples, std::span<std::uint8_t> out) override {
    const auto count = samples.size() / frame_samples;
    if (samples.size() % frame_samples || count > amr_wb::most_frames) return 0;
    std::array<amr_wb::Frame, amr_wb::most_frames> frames;
    std::size_t something = 0;  // up to the last frame that says anything
    for (std::size_t i = 0; i < count; ++i) {
      frames[i] = encode(samples.subspan(i * frame_samples).first<frame_samples>());
      if (frames[i].type != amr_wb::no_data) something = i + 1;
    }
    return amr_wb::write(std::span(frames).first(something), layout_, out);
  }

 private:
  struct Free {
    void operator()(void* s) const { E_IF_exit(s); }
  };

  amr_wb::Frame encode(std::span<const std::int16_t, frame_samples> samples) {
    Octets octets{};
    (void)E_IF_encode(state_.get(), modes_.next(), samples.data(), octets.data(), dtx_);
    amr_wb::Frame frame{.type = octets[0] >> 3 & 15};
    std::copy(octets.begin() + 1, octets.end(), frame.bits.begin());
    return frame;
  }

  const Layout layout_;
  amr_wb::ModeChoice modes_;
  bool dtx_ = false;
  const std::unique_ptr<void, Free> state_{E_IF_init()};
};

template <Layout layout>
Modes modes(std::span<const std::uint8_t> payload) {
  Modes out;
  const auto contents = amr_wb::read(payload, layout);
  if (!contents) return out;
  for (const auto& entry : std::span(contents->entries).first(contents->count))
    if (entry.type < amr_wb::modes) out.spoken = entry.type;
  out.requests = contents->request < amr_wb::modes || contents->request == amr_wb::no_request;
  if (contents->request < amr_wb::modes) out.wanted = contents->request;
  return out;
}

constexpr unsigned times[] = {20, 40, 60};

unsigned rate(std::string_view) { return sample_rate; }

// Each of these implies frames in octets, sorted or checked in a way that is not ours.
bool is_plain(std::string_view params) {
  return param(params, "crc").value_or(0) == 0 &&
         param(params, "robust-sorting").value_or(0) == 0 &&
         param(params, "interleaving").value_or(0) == 0 &&
         param(params, "channels").value_or(1) == 1;
}

template <Layout layout>
constexpr Codec codec(int usual_type, std::string_view wants) {
  return {.name = "AMR-WB",
          .clock_rate = sample_rate,
          .channels = 1,
          .usual_type = usual_type,
          .fixed_type = false,
          .wants = wants,
          .packet_ms = times,
          .decoded_rate = rate,
          .encoded_rate = rate,
          .samples = [](std::span<const std::uint8_t> payload, unsigned) -> std::size_t {
            const auto contents = amr_wb::read(payload, layout);
            return contents ? contents->count * frame_samples : 0;
          },
          .decoder = [](unsigned) -> std::unique_ptr<Decoder> {
            return std::make_unique<AmrWbReader>(layout);
          },
          .encoder = [](unsigned, std::string_view params) -> std::unique_ptr<Encoder> {
            return std::make_unique<AmrWbWriter>(layout, params);
          },
          .silence_us = 5900,
          .speaks =
              [](std::string_view params) {
                const bool aligned = param(params, "octet-align").value_or(0) == 1;
                return is_plain(params) && aligned == (layout == Layout::octet_aligned);
              },
          .modes = modes<layout>};
}

}  // namespace

extern const Codec amr_wb_codec, amr_wb_aligned_codec;
constexpr Codec amr_wb_codec = codec<Layout::bandwidth_efficient>(104, "mode-change-capability=2");
constexpr Codec amr_wb_aligned_codec =
    codec<Layout::octet_aligned>(105, "octet-align=1;mode-change-capability=2");

}  // namespace parley::rtp
