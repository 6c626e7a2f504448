#include "engine/base/params.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace parley {
namespace {

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

bool equal_but_for_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::optional<std::string_view> param_text(std::string_view params, std::string_view key) {
  while (!params.empty()) {
    const auto end = std::min(params.find(';'), params.size());
    const auto one = params.substr(0, end);
    params.remove_prefix(std::min(end + 1, params.size()));
    const auto equals = one.find('=');
    if (equals != one.npos && equal_but_for_case(trimmed(one.substr(0, equals)), key))
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

}  // namespace parley
