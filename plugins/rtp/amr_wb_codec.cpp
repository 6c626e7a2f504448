// amr_wb_codec: AMR-WB (ITU-T G.722.2), the wideband voice of mobile networks: libvo-amrwbenc
// encodes, libopencore-amrwb decodes.
//
// Two entries of the table, for the two payload formats that octet-align chooses from. We
// send 12.65 kbit/s, the least that is good, or what comes close to it in the far end's mode-set; a
// mode that the far end requests in its packets is not followed, and we request none. Silence is
// sent as speech.
//
// Behind a description of silence the decoder makes comfort noise. A voice that is lost it lets
// fade too soon: by TS 26.191 a lost frame's pitch gain is below .95 times the one before in each
// quarter of it, and what is excited by what was excited falls with every period: 10 dB down in the
// first lost frame and 40 dB in the second. (There is a gentler way for frames that came damaged;
// the library can't be asked for it, its `bfi` and a frame of type 14 both mean that nothing came.)
// So lost speech is made up by `concealment`, and the decoder is only told, for the frames that
// follow.
//
// Threads: pure. RFC 4867.
#include <opencore-amrwb/dec_if.h>
#include <vo-amrwbenc/enc_if.h>

#include <algorithm>
#include <array>

#include "engine/base/params.hpp"
#include "plugins/rtp/amr_wb_payload.hpp"
#include "plugins/rtp/codec.hpp"
#include "plugins/rtp/concealment.hpp"

namespace parley::rtp {
namespace {

using amr_wb::Layout;

constexpr unsigned sample_rate = 16000;
constexpr std::size_t frame_samples = sample_rate / 50;
constexpr int usual_mode = 2;  // 12.65 kbit/s

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
    if (came || is_silent_) {  // a sender that has described its silence sends nothing for a while
      synthesize(came ? frame : amr_wb::Frame{.type = amr_wb::no_data}, out);
      concealment_.heard(out);
    } else {
      synthesize({.type = amr_wb::speech_lost}, out);  // for what it keeps in mind
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
  std::array<std::int16_t, frame_samples> made_up_{};
  std::size_t spare_ = 0;  // at the end of it: not heard yet
};

// Of "mode-set=0,1,2"; the commas may be missing, for every mode is one digit.
int mode_for(std::string_view params) {
  int below = -1, above = amr_wb::modes;
  for (const char c : param_text(params, "mode-set").value_or("")) {
    const int mode = c - '0';
    if (mode < 0 || mode >= amr_wb::modes) continue;
    if (mode <= usual_mode) below = std::max(below, mode);
    if (mode > usual_mode) above = std::min(above, mode);
  }
  if (below >= 0) return below;
  return above < amr_wb::modes ? above : usual_mode;
}

class AmrWbWriter final : public Encoder {
 public:
  AmrWbWriter(Layout layout, std::string_view params) : layout_(layout), mode_(mode_for(params)) {}

  std::size_t encode(std::span<const std::int16_t> samples, std::span<std::uint8_t> out) override {
    const auto count = samples.size() / frame_samples;
    if (samples.size() % frame_samples || count == 0 || count > amr_wb::most_frames) return 0;
    if (amr_wb::payload_size(count, mode_, layout_) > out.size()) return 0;
    std::array<amr_wb::Frame, amr_wb::most_frames> frames;
    for (std::size_t i = 0; i < count; ++i) {
      Octets octets{};
      (void)E_IF_encode(state_.get(), mode_, samples.data() + i * frame_samples, octets.data(), 0);
      frames[i].type = mode_;
      std::copy(octets.begin() + 1, octets.end(), frames[i].bits.begin());
    }
    return amr_wb::write(std::span(frames).first(count), layout_, out);
  }

 private:
  struct Free {
    void operator()(void* s) const { E_IF_exit(s); }
  };

  const Layout layout_;
  const int mode_;
  const std::unique_ptr<void, Free> state_{E_IF_init()};
};

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
          .speaks =
              [](std::string_view params) {
                const bool aligned = param(params, "octet-align").value_or(0) == 1;
                return is_plain(params) && aligned == (layout == Layout::octet_aligned);
              }};
}

}  // namespace

extern const Codec amr_wb_codec, amr_wb_aligned_codec;
constexpr Codec amr_wb_codec = codec<Layout::bandwidth_efficient>(104, "");
constexpr Codec amr_wb_aligned_codec = codec<Layout::octet_aligned>(105, "octet-align=1");

}  // namespace parley::rtp
