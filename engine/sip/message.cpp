#include "engine/sip/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace parley::sip {
namespace {

constexpr std::size_t most_headers = 256;

constexpr std::array<std::pair<char, const char*>, 12> compact{{
    {'c', "content-type"},
    {'e', "content-encoding"},
    {'f', "from"},
    {'i', "call-id"},
    {'k', "supported"},
    {'l', "content-length"},
    {'m', "contact"},
    {'o', "event"},
    {'r', "refer-to"},
    {'s', "subject"},
    {'t', "to"},
    {'v', "via"},
}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string long_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = char(std::tolower(static_cast<unsigned char>(c)));
  if (out.size() == 1)
    for (const auto& [letter, full] : compact)
      if (out[0] == letter) return full;
  return out;
}

bool has_control(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// The next line of `rest`, without its end.
std::string_view take_line(std::string_view& rest, bool& complete) {
  const auto end = rest.find('\n');
  complete = end != rest.npos;
  auto line = rest.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  rest.remove_prefix(complete ? end + 1 : rest.size());
  return line;
}

std::string_view first_value(std::string_view list) {  // of a comma-separated one
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '"') quoted = !quoted;
    if (list[i] == ',' && !quoted) return trimmed(list.substr(0, i));
  }
  return trimmed(list);
}

// ";rport" as the sender wrote it, up to the next parameter; npos when it is not there.
std::pair<std::size_t, std::size_t> find_parameter(std::string_view via, std::string_view name) {
  for (std::size_t at = via.find(';'); at != via.npos; at = via.find(';', at + 1)) {
    const auto end = std::min(via.find(';', at + 1), via.size());
    const auto whole = trimmed(via.substr(at + 1, end - at - 1));
    const auto key = long_name(trimmed(whole.substr(0, whole.find('='))));
    if (key == name) return {at, end};
  }
  return {std::string_view::npos, 0};
}

std::string answered_via(const std::string& value, std::string_view source, int port) {
  const auto first = first_value(value);
  std::string out(first);
  if (const auto [at, end] = find_parameter(out, "rport"); at != std::string::npos)
    out.replace(at, end - at, fmt::format(";rport={}", port));
  out += fmt::format(";received={}", source);
  return out + value.substr(std::size_t(first.data() - value.data()) + first.size());
}

}  // namespace

std::string_view Message::method() const {
  return is_response() ? std::string_view() : start.substr(0, start.find(' '));
}

const std::string* Message::header(std::string_view name) const {
  for (const auto& h : headers)
    if (h.name == name) return &h.value;
  return nullptr;
}

std::size_t Message::count(std::string_view name) const {
  return std::size_t(std::count_if(headers.begin(), headers.end(),
                                   [&](const Header& h) { return h.name == name; }));
}

std::optional<Message> read_message(std::string_view datagram) {
  Message out;
  auto rest = datagram;
  bool complete = false;
  out.start = take_line(rest, complete);
  if (!complete || out.start.find("SIP/") == out.start.npos || has_control(out.start)) return {};
  while (true) {
    const auto line = take_line(rest, complete);
    if (!complete) return {};  // the head never ends
    if (line.empty()) break;
    if (has_control(line)) out.has_bad_line = true;
    if (line[0] == ' ' || line[0] == '\t') {  // the last header goes on
      if (out.headers.empty())
        out.has_bad_line = true;
      else
        out.headers.back().value.append(" ").append(trimmed(line));
      continue;
    }
    const auto colon = line.find(':');
    const auto name = trimmed(line.substr(0, std::min(colon, line.size())));
    if (colon == line.npos || name.empty() || out.headers.size() == most_headers) {
      out.has_bad_line = true;
      continue;
    }
    out.headers.push_back({long_name(name), std::string(trimmed(line.substr(colon + 1)))});
  }
  out.head_size = datagram.size() - rest.size();
  out.body = rest;
  return out;
}

int answer_port(const Message& request, int source_port) {
  const auto* via = request.header("via");
  if (!via) return source_port;
  const auto first = first_value(*via);
  if (find_parameter(first, "rport").first != first.npos) return source_port;
  auto sent_by = first.substr(0, first.find(';'));
  sent_by = trimmed(sent_by.substr(std::min(sent_by.find(' '), sent_by.size())));
  const auto colon = sent_by.rfind(':');
  if (colon == sent_by.npos || sent_by.find(']', colon) != sent_by.npos) return 5060;
  int port = 0;
  const auto digits = trimmed(sent_by.substr(colon + 1));
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port > 0 && port < 65536 ? port : source_port;
}

std::optional<std::string> write_refusal(const Message& request, const Refusal& refusal,
                                         std::string_view source, int port, std::string_view tag,
                                         std::string_view server) {
  if (request.is_response() || request.method() == "ACK" || !request.header("via")) return {};
  auto out = fmt::format("SIP/2.0 {} {}\r\n", refusal.code, refusal.phrase);
  bool top = true;
  for (const auto& h : request.headers) {
    if (has_control(h.value)) continue;
    if (h.name == "via")
      out += fmt::format("Via: {}\r\n",
                         std::exchange(top, false) ? answered_via(h.value, source, port) : h.value);
  }
  for (const auto& [name, title] : {std::pair{"from", "From"}, std::pair{"to", "To"},
                                    std::pair{"call-id", "Call-ID"}, std::pair{"cseq", "CSeq"}}) {
    const auto* value = request.header(name);
    if (!value || has_control(*value)) continue;
    const bool untagged = title == std::string_view("To") && value->find(";tag=") == value->npos;
    out += untagged ? fmt::format("{}: {};tag={}\r\n", title, *value, tag)
                    : fmt::format("{}: {}\r\n", title, *value);
  }
  return out + fmt::format("{}Server: {}\r\nContent-Length: 0\r\n\r\n", refusal.headers, server);
}

}  // namespace parley::sip
