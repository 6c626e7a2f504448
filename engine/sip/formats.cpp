#include "engine/sip/formats.hpp"

#include <string_view>

#include "engine/base/params.hpp"

namespace parley::sip {
namespace {

constexpr std::string_view amr_wb = "AMR-WB";

bool is_aligned(const Payload& payload) { return param_text(payload.params, "octet-align") == "1"; }

// A mode is one digit from 0 to 8; the reader has left out the commas.
bool has_modes(std::string_view set) {
  return !set.empty() && set.find_first_not_of("012345678") == set.npos;
}

// What both must do alike, or do without the payload type.
bool is_same_amr_wb(const Payload& theirs, const Payload& ours) {
  for (const auto* key : {"crc", "robust-sorting", "interleaving"})
    if (param_text(theirs.params, key).value_or("0") != "0") return false;
  if (const auto modes = param_text(theirs.params, "mode-set"); modes && !has_modes(*modes))
    return false;
  return theirs.channels == 1 && param_text(theirs.params, "channels").value_or("1") == "1" &&
         is_aligned(theirs) == is_aligned(ours);
}

}  // namespace

bool is_same_format(const Payload& theirs, const Payload& ours) {
  if (theirs.rate != ours.rate || !equal_but_for_case(theirs.name, ours.name)) return false;
  return !equal_but_for_case(ours.name, amr_wb) || is_same_amr_wb(theirs, ours);
}

std::string answered_params(const Payload& theirs, const Payload& ours) {
  auto out = ours.params;
  if (!equal_but_for_case(ours.name, amr_wb)) return out;
  if (const auto modes = param_text(theirs.params, "mode-set")) {
    out += out.empty() ? "mode-set=" : ";mode-set=";
    for (std::size_t i = 0; i < modes->size(); ++i) {
      if (i > 0) out += ',';
      out += (*modes)[i];
    }
  }
  return out;
}

}  // namespace parley::sip
