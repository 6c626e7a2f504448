#include "engine/control/access.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace parley::control {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  return out;
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_literal(const std::string& host) { return is_ipv4(host) || is_ipv6(host); }

std::optional<int> port_of(std::string_view text) {
  int port = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 0 || port > 65535)
    return {};
  return port;
}

struct Authority {
  std::string host;  // lower case, without brackets
  int port = -1;     // -1: not given
};

bool host_characters(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

// host[:port] or [ipv6][:port]; nothing when it is neither.
std::optional<Authority> parse_authority(std::string_view text) {
  Authority out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return {};
    out.host = lower(text.substr(1, close - 1));
    if (!is_ipv6(out.host)) return {};
    rest = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    out.host = lower(text.substr(0, colon));
    if (!host_characters(out.host)) return {};
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (rest.empty()) return out;
  if (rest.front() != ':') return {};
  const auto port = port_of(rest.substr(1));
  if (!port) return {};
  out.port = *port;
  return out;
}

struct Origin {
  std::string scheme;
  Authority authority{};
  int port() const { return authority.port >= 0 ? authority.port : (scheme == "https" ? 443 : 80); }
};

std::optional<Origin> parse_origin(std::string_view text) {
  const auto slashes = text.find("://");
  if (slashes == std::string_view::npos) return {};
  Origin out{.scheme = lower(text.substr(0, slashes))};
  const auto authority = parse_authority(text.substr(slashes + 3));
  if (!authority || (out.scheme != "http" && out.scheme != "https")) return {};
  out.authority = *authority;
  return out;
}

bool same(const Origin& a, const Origin& b) {
  return a.scheme == b.scheme && a.authority.host == b.authority.host && a.port() == b.port();
}

// What the page at `host` would send as Origin, over http or behind a proxy that speaks https.
bool same_as_host(const Origin& origin, const Authority& host) {
  const int port = host.port >= 0 ? host.port : (origin.scheme == "https" ? 443 : 80);
  return origin.authority.host == host.host && origin.port() == port;
}

// Header values are shown to whoever sent them; not longer than anybody reads.
std::string shown(std::string_view value) { return std::string(value.substr(0, 100)); }

bool host_allowed(const Access& access, const std::string& host) {
  static constexpr std::array<std::string_view, 3> own = {"localhost", "127.0.0.1", "::1"};
  if (std::find(own.begin(), own.end(), host) != own.end()) return true;
  if (host == access.listen.host) return true;
  // A name can be rebound, a literal address cannot.
  if (access.listen.wildcard() && is_literal(host)) return true;
  for (const auto& name : access.hosts)
    if (lower(name) == host) return true;
  for (const auto& text : access.origins)
    if (const auto origin = parse_origin(text); origin && origin->authority.host == host)
      return true;
  return false;
}

}  // namespace

bool Address::loopback() const {
  return host == "::1" || (is_ipv4(host) && host.starts_with("127."));
}

std::string Address::text() const {
  return ipv6() ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> parse_address(std::string_view text) {
  const auto authority = parse_authority(text);
  if (!authority || authority->port < 0)
    return Error{
        fmt::format("\"{}\" is not an address to listen on; write 127.0.0.1:8000 or "
                    "[::1]:8000 (port 0 takes a free one)",
                    text)};
  Address out{authority->host == "localhost" ? "127.0.0.1" : authority->host, authority->port};
  if (!is_literal(out.host))
    return Error{
        fmt::format("\"{}\" is not a literal address; write 127.0.0.1:{} or the address "
                    "of one of this machine's interfaces",
                    text, out.port)};
  return out;
}

std::optional<std::string> Access::refusal(std::string_view host, std::string_view origin) const {
  const auto authority = parse_authority(host);
  if (host.empty()) return "The request has no Host header.";
  if (!authority || !host_allowed(*this, authority->host))
    return fmt::format(
        "Host \"{}\" is not one of this server's; open http://{} or add the name to [control] "
        "hosts.",
        shown(host), listen.text());
  if (origin.empty()) return {};
  const auto from = parse_origin(origin);
  if (from && same_as_host(*from, *authority)) return {};
  for (const auto& text : origins)
    if (const auto allowed = parse_origin(text); from && allowed && same(*from, *allowed))
      return {};
  return fmt::format(
      "Origin \"{}\" is foreign to this server; its pages may not use it unless [control] origins "
      "names it.",
      shown(origin));
}

Status may_listen(const Address& address, bool insecure) {
  if (address.loopback() || insecure) return ok();
  return Error{fmt::format(
      "the control server does not listen on {} because everybody there could steer calls: it "
      "knows no identities yet; use 127.0.0.1:{}, or set [control] insecure = true",
      address.text(), address.port)};
}

}  // namespace parley::control
