// stt_registry: every speech-to-text provider there is. To add one: its file, and its line here.
#include <algorithm>

#include "plugins/providers/stt.hpp"

namespace parley {

extern const SttProvider pocketsphinx_stt;
extern const SttProvider scripted_stt;

std::span<const SttProvider* const> stt_providers() {
  static constexpr const SttProvider* all[] = {
      &pocketsphinx_stt,
      &scripted_stt,
  };
  return all;
}

const SttProvider* find_stt(std::string_view name) {
  const auto all = stt_providers();
  const auto found = std::ranges::find(all, name, [](auto* p) { return p->name; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace parley
