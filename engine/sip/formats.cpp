#include "engine/sip/formats.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace parley::sip {
namespace {

constexpr std::string_view amr_wb = "AMR-WB";

bool is_same(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// The value of a key; nothing: it does not stand there.
std::optional<std::string_view> param(std::string_view params, std::string_view key) {
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

bool is_aligned(const Payload& payload) { return param(payload.params, "octet-align") == "1"; }

// A mode is one digit from 0 to 8; the reader has left out the commas.
bool has_modes(std::string_view set) {
  return !set.empty() && set.find_first_not_of("012345678") == set.npos;
}

// What both must do alike, or do without the payload type.
bool is_same_amr_wb(const Payload& theirs, const Payload& ours) {
  for (const auto* key : {"crc", "robust-sorting", "interleaving"})
    if (param(theirs.params, key).value_or("0") != "0") return false;
  if (const auto modes = param(theirs.params, "mode-set"); modes && !has_modes(*modes))
    return false;
  return theirs.channels == 1 && param(theirs.params, "channels").value_or("1") == "1" &&
         is_aligned(theirs) == is_aligned(ours);
}

}  // namespace

bool is_same_format(const Payload& theirs, const Payload& ours) {
  if (theirs.rate != ours.rate || !is_same(theirs.name, ours.name)) return false;
  return !is_same(ours.name, amr_wb) || is_same_amr_wb(theirs, ours);
}

std::string answered_params(const Payload& theirs, const Payload& ours) {
  auto out = ours.params;
  if (!is_same(ours.name, amr_wb)) return out;
  if (const auto modes = param(theirs.params, "mode-set")) {
    out += out.empty() ? "mode-set=" : ";mode-set=";
    for (std::size_t i = 0; i < modes->size(); ++i) {
      if (i > 0) out += ',';
      out += (*modes)[i];
    }
  }
  return out;
}

}  // namespace parley::sip
