#include "engine/sip/dtmf_info.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "engine/base/params.hpp"

namespace parley::sip {
namespace {

constexpr std::string_view digits = "0123456789*#ABCD";  // in the order of their event numbers
constexpr unsigned usual_ms = 100, longest_ms = 10'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = std::min(text.find_first_not_of(space), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(space) + 1);
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// "5", "*", "a", or the number of the event: "11" is #.
char digit_of(std::string_view text) {
  if (text.size() == 1) {
    const auto at = digits.find(char(std::toupper(static_cast<unsigned char>(text[0]))));
    return at == digits.npos ? '\0' : digits[at];
  }
  const auto event = number(text);
  return event && *event < digits.size() ? digits[*event] : '\0';
}

std::string_view bare(std::string_view content_type) {
  return trimmed(content_type.substr(0, content_type.find(';')));
}

std::optional<KeyPress> read_relay(std::string_view body) {
  KeyPress key{.duration_ms = usual_ms};
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    const auto line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const auto equals = line.find('=');
    if (equals == line.npos) continue;
    const auto name = trimmed(line.substr(0, equals)), value = trimmed(line.substr(equals + 1));
    if (equal_but_for_case(name, "Signal")) key.digit = digit_of(value);
    if (equal_but_for_case(name, "Duration"))
      key.duration_ms = std::min(number(value).value_or(usual_ms), longest_ms);
  }
  if (!key.digit) return {};
  return key;
}

}  // namespace

bool is_dtmf_type(std::string_view content_type) {
  const auto type = bare(content_type);
  return equal_but_for_case(type, "application/dtmf-relay") ||
         equal_but_for_case(type, "application/dtmf");
}

std::optional<KeyPress> parse_dtmf_info(std::string_view content_type, std::string_view body) {
  if (!is_dtmf_type(content_type)) return {};
  if (body.find('=') != body.npos) return read_relay(body);
  const char digit = digit_of(trimmed(body));
  if (!digit) return {};
  return KeyPress{.digit = digit, .duration_ms = usual_ms};
}

}  // namespace parley::sip
