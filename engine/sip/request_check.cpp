// request_check: a table of checks in the order that decides which fault is named.

#include "engine/sip/request_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>

namespace parley::sip {
namespace {

using Fault = std::optional<Refusal>;
using Check = Fault (*)(const Message&);

constexpr std::uint64_t largest_cseq = (1ULL << 31) - 1;
constexpr auto none = std::string_view::npos;

Refusal bad(std::string phrase) { return {.code = 400, .phrase = std::move(phrase)}; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = char(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::strchr(" \t", text.front())) text.remove_prefix(1);
  while (!text.empty() && std::strchr(" \t", text.back())) text.remove_suffix(1);
  return text;
}

// White space may stand around "=" and ";".
std::string packed(std::string_view text) {
  auto out = lower(text);
  std::erase_if(out, [](char c) { return c == ' ' || c == '\t'; });
  return out;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || (c && std::strchr("-.!%*_+`'~", c));
  });
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

struct RequestLine {
  std::string_view method, uri, version;
};

std::optional<RequestLine> request_line(const Message& request) {
  const auto line = request.start;
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == none || first == last || last + 1 == line.size()) return {};
  return RequestLine{line.substr(0, first), line.substr(first + 1, last - first - 1),
                     line.substr(last + 1)};
}

std::string scheme_of(std::string_view uri) {
  const auto colon = uri.find(':');
  return colon == none ? std::string() : lower(uri.substr(0, colon));
}

// A SIP address splits into what shows, the URI and the parameters behind; a fault in words
// otherwise.
struct Address {
  std::string_view uri{}, parameters{};
  const char* fault = nullptr;
};

Address read_address(std::string_view value) {
  Address out;
  std::size_t at = 0;
  if (value.starts_with('"')) {
    for (at = 1; at < value.size() && value[at] != '"'; ++at)
      if (value[at] == '\\') ++at;
    if (at >= value.size()) return {.fault = "has a quote that does not end"};
    ++at;
    if (trimmed(value.substr(at)).starts_with('<') == false)
      return {.fault = "has a name but no <URI>"};
  }
  const auto open = value.find('<', at);
  const auto end = value.find(';', at);
  if (open == none || end < open) {  // an address as it stands; what follows it is the header's
    out.uri = trimmed(value.substr(0, end));
    out.parameters = end == none ? std::string_view() : value.substr(end);
    if (out.uri.find_first_of(", \t\"") != none || out.uri.find('?') != none)
      out.fault = "has an address that needs < and >";
    return out;
  }
  const auto close = value.find('>', open);
  if (close == none) return {.fault = "has a < without >"};
  auto shown = trimmed(value.substr(at, open - at));
  while (!shown.empty()) {  // words, when they are not quoted
    const auto end = std::min(shown.find_first_of(" \t"), shown.size());
    if (!is_token(shown.substr(0, end))) return {.fault = "has a name that needs quotes"};
    shown = trimmed(shown.substr(end));
  }
  out.uri = value.substr(open + 1, close - open - 1);
  out.parameters = value.substr(close + 1);
  if (out.uri.find_first_of(" \t<\"") != none) out.fault = "has a malformed URI";
  if (!out.fault && scheme_of(out.uri).empty()) out.fault = "has a malformed URI";
  const auto behind = trimmed(out.parameters);
  if (!out.fault && !behind.empty() && behind.front() != ';' && behind.front() != ',')
    out.fault = "is not one address";
  return out;
}

bool has_comma(std::string_view parameters) {
  bool quoted = false;
  for (const char c : parameters) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) return true;
  }
  return false;
}

bool has_tag(std::string_view parameters) {
  const auto all = packed(parameters);
  const auto at = all.find(";tag=");
  return at != none && all.size() > at + 5 && all[at + 5] != ';';
}

Fault first_line(const Message& request) {
  const auto line = request_line(request);
  if (!line || !is_token(line->method)) return bad("Malformed Request-Line");
  const auto version = lower(line->version);
  if (version != "sip/2.0") {
    const bool other = version.starts_with("sip/") && version.size() > 4 &&
                       std::isdigit(static_cast<unsigned char>(version[4]));
    if (!other) return bad("Malformed Request-Line");
    return Refusal{.code = 505, .phrase = "Version Not Supported"};
  }
  if (line->uri.find_first_of(" \t<>\"") != none) return bad("Malformed Request-URI");
  return {};
}

Fault header_lines(const Message& request) {
  if (request.has_bad_line) return bad("Malformed Header");
  for (const auto& h : request.headers)
    if (!is_token(h.name)) return bad("Malformed Header");
  return {};
}

Fault needed_once(const Message& request) {
  struct Rule {
    const char *name, *title;
    bool needed;
  };
  constexpr std::array rules{
      Rule{"from", "From", true},
      Rule{"to", "To", true},
      Rule{"call-id", "Call-ID", true},
      Rule{"cseq", "CSeq", true},
      Rule{"max-forwards", "Max-Forwards", false},
      Rule{"content-length", "Content-Length", false},
      Rule{"content-type", "Content-Type", false},
  };
  if (!request.header("via")) return bad("Missing Via");
  for (const auto& rule : rules) {
    const auto count = request.count(rule.name);
    if (count == 0 && rule.needed) return bad(fmt::format("Missing {}", rule.title));
    if (count > 1) return bad(fmt::format("More Than One {}", rule.title));
    if (rule.needed && request.header(rule.name)->empty())
      return bad(fmt::format("Empty {}", rule.title));
  }
  return {};
}

Fault via(const Message& request) {
  const auto& value = *request.header("via");
  const auto top = packed(std::string_view(value).substr(0, value.find(',')));
  if (!top.starts_with("sip/2.0/")) return bad("Malformed Via");
  constexpr std::string_view cookie = "z9hg4bk";
  const auto branch = top.find(";branch=");
  if (branch == none) return bad("Missing Branch");
  const auto id = std::string_view(top).substr(branch + 8);
  const auto end = std::min(id.find(';'), id.size());
  if (end == 0 || id.substr(0, end) == cookie) return bad("Empty Branch");
  // It would send our answer to whomever it names.
  if (top.find(";maddr=") != none) return bad("Via With maddr");
  return {};
}

Fault cseq(const Message& request) {
  const std::string_view value = *request.header("cseq");
  const auto space = std::min(value.find_first_of(" \t"), value.size());
  const auto number = whole_number(value.substr(0, space));
  if (!number || *number > largest_cseq) return bad("Bad CSeq");
  if (trimmed(value.substr(space)) != request.method()) return bad("CSeq Method Mismatch");
  return {};
}

Fault length(const Message& request) {
  const auto* value = request.header("content-length");
  if (!value) return {};
  const auto number = whole_number(*value);
  if (!number) return bad("Bad Content-Length");
  if (*number > request.body.size()) return bad("Content-Length Beyond The Body");
  return {};
}

Fault forwards(const Message& request) {
  const auto* value = request.header("max-forwards");
  if (!value) return {};
  const auto number = whole_number(*value);
  if (!number || *number > 255) return bad("Bad Max-Forwards");
  return {};
}

Fault parties(const Message& request) {
  for (const auto* name : {"from", "to"}) {
    const auto address = read_address(*request.header(name));
    const auto* title = name[0] == 'f' ? "From" : "To";
    if (address.fault) return bad(fmt::format("{} {}", title, address.fault));
    if (address.uri.empty()) return bad(fmt::format("{} Has No URI", title));
    if (name[0] == 'f' && !has_tag(address.parameters)) return bad("From Has No Tag");
  }
  return {};
}

Fault method(const Message& request) {
  const auto name = request.method();
  for (const auto* ours : {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO"})
    if (name == ours) return {};
  const auto allow = fmt::format("Allow: {}\r\n", allowed_methods);
  for (const auto* known :
       {"REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "UPDATE", "MESSAGE", "REFER", "PUBLISH"})
    if (name == known) return Refusal{405, "Method Not Allowed", allow};
  return Refusal{501, "Not Implemented", allow};
}

Fault scheme(const Message& request) {
  const auto uri = request_line(request)->uri;
  if (scheme_of(uri) != "sip") return Refusal{.code = 416, .phrase = "Unsupported URI Scheme"};
  if (uri.find('?') != none) return bad("Request-URI With Headers");
  return {};
}

Fault extensions(const Message& request) {
  if (request.method() == "ACK" || request.method() == "CANCEL") return {};
  std::string wanted;  // we have none so far
  for (const auto& h : request.headers)
    if (h.name == "require" && !h.value.empty()) wanted += (wanted.empty() ? "" : ", ") + h.value;
  if (wanted.empty()) return {};
  return Refusal{420, "Bad Extension", fmt::format("Unsupported: {}\r\n", wanted)};
}

Fault contact(const Message& request) {
  if (request.method() != "INVITE") return {};
  const auto* value = request.header("contact");
  if (!value || value->empty()) return bad("Missing Contact");
  const auto address = read_address(*value);
  if (address.fault) return bad(fmt::format("Contact {}", address.fault));
  if (request.count("contact") > 1 || has_comma(address.parameters))
    return bad("More Than One Contact");
  if (scheme_of(address.uri) != "sip") return bad("Contact Is No SIP URI");
  return {};
}

Fault content(const Message& request) {
  if (request.method() != "INVITE" && request.method() != "ACK") return {};
  if (body_size(request).value_or(request.body.size()) == 0) return {};
  const auto* type = request.header("content-type");
  const auto kind = type ? lower(trimmed(std::string_view(*type).substr(0, type->find(';')))) : "";
  if (kind != "application/sdp")
    return Refusal{415, "Unsupported Media Type", "Accept: application/sdp\r\n"};
  const auto* encoding = request.header("content-encoding");
  if (encoding && lower(*encoding) != "identity")
    return Refusal{415, "Unsupported Media Type", "Accept-Encoding: identity\r\n"};
  return {};
}

constexpr Check checks[] = {header_lines, first_line, needed_once, via,    cseq,
                            length,       forwards,   parties,     method, scheme,
                            extensions,   contact,    content};

}  // namespace

std::optional<std::size_t> body_size(const Message& message) {
  const auto* value = message.header("content-length");
  if (!value) return {};
  const auto number = whole_number(*value);
  if (!number || *number > message.body.size()) return {};
  return std::size_t(*number);
}

Fault check_request(const Message& request) {
  for (const auto check : checks)
    if (auto fault = check(request)) return fault;
  return {};
}

bool response_is_sound(const Message& response) {
  if (response.has_bad_line || !response.is_response()) return false;
  const auto line = response.start;
  if (!line.starts_with("SIP/2.0 ") || line.size() < 11) return false;
  const auto code = whole_number(line.substr(8, 3));
  if (!code || *code < 100 || *code > 699 || (line.size() > 11 && line[11] != ' ')) return false;
  for (const auto* name : {"via", "from", "to", "call-id", "cseq"})
    if (response.count(name) == 0) return false;
  for (const auto* name : {"from", "to", "call-id", "cseq", "content-length"})
    if (response.count(name) > 1) return false;
  return !response.header("content-length") || body_size(response).has_value();
}

}  // namespace parley::sip
