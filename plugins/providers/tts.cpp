// tts: every speech synthesis provider there is. To add one: its file, and its line here.
#include "plugins/providers/tts.hpp"

#include <algorithm>

namespace parley {

extern const TtsProvider flite_tts;
extern const TtsProvider scripted_tts;

std::span<const TtsProvider* const> tts_providers() {
  static constexpr const TtsProvider* all[] = {
      &flite_tts,
      &scripted_tts,
  };
  return all;
}

const TtsProvider* find_tts(std::string_view name) {
  const auto all = tts_providers();
  const auto found = std::ranges::find(all, name, [](auto* p) { return p->name; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace parley
