// llm: every language model provider there is. To add one: its file, and its line here.
#include "plugins/providers/llm.hpp"

#include <algorithm>

namespace parley {

extern const LlmProvider openai_llm;
extern const LlmProvider scripted_llm;

std::span<const LlmProvider* const> llm_providers() {
  static constexpr const LlmProvider* all[] = {
      &openai_llm,
      &scripted_llm,
  };
  return all;
}

const LlmProvider* find_llm(std::string_view name) {
  const auto all = llm_providers();
  const auto found = std::ranges::find(all, name, [](auto* p) { return p->name; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace parley
