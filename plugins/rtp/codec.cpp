#include "plugins/rtp/codec.hpp"

#include "engine/base/params.hpp"

namespace parley::rtp {

extern const Codec pcmu_codec, pcma_codec, g722_codec, opus_codec, l16_wide_codec, l16_narrow_codec,
    amr_wb_codec, amr_wb_aligned_codec;

std::span<const Codec* const> codecs() {
  static constexpr const Codec* all[] = {
      &opus_codec,     &g722_codec,       &pcmu_codec,   &pcma_codec,
      &l16_wide_codec, &l16_narrow_codec, &amr_wb_codec, &amr_wb_aligned_codec,
  };
  return all;
}

const Codec* find_codec(std::string_view name, unsigned clock_rate, std::string_view params) {
  for (const auto* codec : codecs())
    if (codec->clock_rate == clock_rate && equal_but_for_case(codec->name, name) &&
        (!codec->speaks || codec->speaks(params)))
      return codec;
  return nullptr;
}

const Codec* find_fixed_codec(int payload_type) {
  for (const auto* codec : codecs())
    if (codec->fixed_type && codec->usual_type == payload_type) return codec;
  return nullptr;
}

unsigned packet_ms(const Codec& codec, unsigned wanted_ms) {
  auto fitting = codec.packet_ms.front();
  for (const auto ms : codec.packet_ms)
    if (ms <= wanted_ms) fitting = ms;
  return fitting;
}

}  // namespace parley::rtp
