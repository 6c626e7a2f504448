#include "tests/sip/wire.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/sip/torture.hpp"
#include "tools/lib/socket_address.hpp"

namespace parley::sip {

Wire::Wire(const std::string& peer)
    : peer_(peer), fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  REQUIRE(fd_ >= 0);
  const auto us = socket_address("127.0.0.1:0");
  REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&us), sizeof(us)) == 0);
}

Wire::~Wire() { close(fd_); }

std::string Wire::address() const {
  sockaddr_in ours{};
  socklen_t length = sizeof(ours);
  getsockname(fd_, reinterpret_cast<sockaddr*>(&ours), &length);
  return fmt::format("127.0.0.1:{}", ntohs(ours.sin_port));
}

void Wire::send(const std::string& datagram) {
  const auto to = socket_address(peer_);
  REQUIRE(sendto(fd_, datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof(to)) == ssize_t(datagram.size()));
}

std::optional<std::string> Wire::receive(int timeout_ms) {
  pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&wait, 1, timeout_ms) != 1) return {};
  std::string out(65536, '\0');
  sockaddr_in from{};
  socklen_t length = sizeof(from);
  const auto size =
      recvfrom(fd_, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
  if (size < 0) return {};
  if (peer_.empty()) peer_ = fmt::format("127.0.0.1:{}", ntohs(from.sin_port));
  out.resize(std::size_t(size));
  return out;
}

std::string Wire::response(int code) {
  const auto wanted = fmt::format("SIP/2.0 {} ", code);
  while (auto datagram = receive())
    if (datagram->starts_with(wanted)) return *datagram;
  FAIL("no response with status " << code);
  return {};
}

std::string Wire::request(const std::string& method, int cseq, const std::string& body,
                          const std::string& to_tag, const std::string& more) const {
  return on_the_wire(fmt::format(
             "{0} sip:agent@{1} SIP/2.0\nVia: SIP/2.0/UDP {2};rport;branch=z9hG4bK{0}{3}\n"
             "From: <sip:wire@{2}>;tag=w\nTo: <sip:agent@{1}>{4}\nCall-ID: wire-{2}\nCSeq: {3} "
             "{0}\n"
             "Max-Forwards: 70\nContact: <sip:wire@{2}>\n{5}{6}Content-Length: {7}\n\n",
             method, peer_, address(), cseq, to_tag.empty() ? "" : ";tag=" + to_tag, more,
             body.empty() ? "" : "Content-Type: application/sdp\n", body.size())) +
         body;
}

std::string header_of(const std::string& message, const std::string& name) {
  const auto at = message.find("\r\n" + name + ": ");
  if (at == message.npos) return {};
  const auto from = at + name.size() + 4;
  return message.substr(from, message.find("\r\n", from) - from);
}

std::string tag_of(const std::string& response) {
  const auto to = header_of(response, "To");
  const auto at = to.find(";tag=");
  return at == to.npos ? std::string() : to.substr(at + 5);
}

}  // namespace parley::sip
