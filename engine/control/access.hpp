// access: who may speak to the server, judged by the Host and Origin headers.
//
// A page of a foreign site can reach a server on loopback through the visitor's browser. Its Origin
// gives it away; a rebound DNS name is given away by its Host. Both are refused, on HTTP and on the
// WebSocket upgrade.
//
// Threads: pure. RFC 9110, 7.2 (Host); RFC 6454, 7 (Origin).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace parley::control {

struct Address {
  std::string host;  // a literal address, without brackets
  int port = 0;
  bool ipv6() const { return host.find(':') != std::string::npos; }
  bool loopback() const;
  bool wildcard() const { return host == "0.0.0.0" || host == "::"; }
  std::string text() const;  // "127.0.0.1:8000", "[::1]:8000"
};

// "127.0.0.1:8000", "[::1]:8000", "localhost:8000" (which is 127.0.0.1).
Result<Address> parse_address(std::string_view text);

struct Access {
  Address listen{};
  std::vector<std::string> hosts{};    // further names in Host, without port
  std::vector<std::string> origins{};  // "https://console.example.org"; their hosts count as hosts

  // A sentence that says why not, or nothing when the request may pass. `origin` is empty when the
  // request has none.
  std::optional<std::string> refusal(std::string_view host, std::string_view origin) const;
};

// Beyond loopback only when the configuration says that this is wanted: there is no identity yet.
Status may_listen(const Address& address, bool insecure);

}  // namespace parley::control
