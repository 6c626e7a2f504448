// socket_address: "127.0.0.1:5060" as sockets want it, for what talks to the engine from outside:
// benchmarks and tests.
//
// Threads: pure.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <string>

namespace parley {

// IPv4 only; throws std::invalid_argument when there is no port.
inline sockaddr_in socket_address(const std::string& text) {
  const auto colon = text.rfind(':');
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(std::uint16_t(std::stoi(text.substr(colon + 1))));
  inet_pton(AF_INET, text.substr(0, colon).c_str(), &out.sin_addr);
  return out;
}

}  // namespace parley
