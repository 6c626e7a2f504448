#include "plugins/rtp/codec.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace parley::rtp {

extern const Codec pcmu_codec, pcma_codec, g722_codec, opus_codec, l16_wide_codec, l16_narrow_codec,
    amr_wb_codec, amr_wb_aligned_codec;

namespace {

bool is_same(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

std::span<const Codec* const> codecs() {
  static constexpr const Codec* all[] = {
      &opus_codec,     &g722_codec,       &pcmu_codec,   &pcma_codec,
      &l16_wide_codec, &l16_narrow_codec, &amr_wb_codec, &amr_wb_aligned_codec,
  };
  return all;
}

const Codec* find_codec(std::string_view name, unsigned clock_rate, std::string_view params) {
  for (const auto* codec : codecs())
    if (codec->clock_rate == clock_rate && is_same(codec->name, name) &&
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

std::optional<std::string_view> param_text(std::string_view params, std::string_view key) {
  while (!params.empty()) {
    const auto end = std::min(params.find(';'), params.size());
    const auto one = params.substr(0, end);
    params.remove_prefix(std::min(end + 1, params.size()));
    const auto equals = one.find('=');
    if (equals != one.npos && is_same(trimmed(one.substr(0, equals)), key))
      return trimmed(one.substr(equals + 1));
  }
  return {};
}

std::optional<int> param(std::string_view params, std::string_view key) {
  const auto text = param_text(params, key);
  if (!text) return {};
  int value = 0;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || stop != text->data() + text->size()) return {};
  return value;
}

}  // namespace parley::rtp
