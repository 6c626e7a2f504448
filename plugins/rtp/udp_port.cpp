// udp_port: a PacketPort over a bound UDP socket on a real loop.
//
// One datagram is read each time the loop says there is one: the loop looks after its timers in
// between, so a flood on one port does not hold up the packets of other calls. While nobody listens
// the kernel's buffer holds what comes, and its bound is the bound.
//
// Threads: the call's loop. The last reference may go anywhere: the destructor takes the gate.

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "plugins/rtp/packet_port.hpp"

namespace parley {
namespace {

constexpr std::size_t longest_datagram = 2048;  // RTP of 200 ms and more fits

sockaddr_in to_system(const Address& address) {
  sockaddr_in s{};
  s.sin_family = AF_INET;
  s.sin_port = htons(address.port);
  s.sin_addr.s_addr = htonl(address.ip);
  return s;
}

Address from_system(const sockaddr_in& s) {
  return {.ip = ntohl(s.sin_addr.s_addr), .port = ntohs(s.sin_port)};
}

const sockaddr* generic(const sockaddr_in& s) { return reinterpret_cast<const sockaddr*>(&s); }
sockaddr* generic(sockaddr_in& s) { return reinterpret_cast<sockaddr*>(&s); }

class UdpPort final : public PacketPort {
 public:
  UdpPort(LoopRef loop, int fd, Address local) : loop_(std::move(loop)), fd_(fd), local_(local) {}
  ~UdpPort() override {
    {
      Gate gate(*loop_);
      if (receiver_) loop_->unwatch(fd_);
    }
    close(fd_);
  }

  void receive(Receiver receiver) override {
    loop_->assert_here();
    const bool watched = bool(receiver_);
    receiver_ = receiver ? std::make_shared<Receiver>(std::move(receiver)) : nullptr;
    if (receiver_ && !watched)
      loop_->watch(fd_, [this] { read_one(); });  // until the destructor, or before
    if (!receiver_ && watched) loop_->unwatch(fd_);
  }

  bool send(std::span<const std::uint8_t> packet, const Address& to) override {
    const auto target = to_system(to);
    const auto sent =
        sendto(fd_, packet.data(), packet.size(), MSG_NOSIGNAL, generic(target), sizeof target);
    if (sent == ssize_t(packet.size())) return true;
    ++unsent_;
    return false;
  }

  Address local() const override { return local_; }
  std::uint64_t unsent() const override { return unsent_; }

 private:
  void read_one() {
    const auto receiver = receiver_;  // may be replaced while it runs
    if (!receiver) return;
    std::array<std::uint8_t, longest_datagram> datagram;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto got = recvfrom(fd_, datagram.data(), datagram.size(), 0, generic(from), &size);
    if (got < 0) return;  // EAGAIN, or an error of an earlier send: the socket lives on
    // It may drop the last reference to this port: nothing is touched after it.
    (*receiver)({datagram.data(), std::size_t(got)}, from_system(from));
  }

  const LoopRef loop_;
  const int fd_;
  const Address local_;
  std::shared_ptr<Receiver> receiver_;
  std::uint64_t unsent_ = 0;
};

std::string failed(const char* what, const Address& local) {
  return fmt::format("cannot {} UDP {}: {}", what, to_string(local), std::strerror(errno));
}

}  // namespace

std::string host_of(const Address& a) {
  return fmt::format("{}.{}.{}.{}", a.ip >> 24, a.ip >> 16 & 255, a.ip >> 8 & 255, a.ip & 255);
}

std::string to_string(const Address& a) { return fmt::format("{}:{}", host_of(a), a.port); }

Result<Address> parse_address(const std::string& host, std::uint16_t port) {
  in_addr parsed{};
  if (inet_pton(AF_INET, host.c_str(), &parsed) != 1)
    return Error{fmt::format("'{}' is not a numeric IPv4 address such as 127.0.0.1", host)};
  return Address{.ip = ntohl(parsed.s_addr), .port = port};
}

Result<std::shared_ptr<PacketPort>> open_udp_port(LoopRef loop, const Address& local) {
  PARLEY_ASSERT(!loop->is_virtual());
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{failed("open", local)};
  auto bound = to_system(local);
  socklen_t size = sizeof bound;
  if (bind(fd, generic(bound), size) != 0 || getsockname(fd, generic(bound), &size) != 0) {
    auto error = Error{failed("bind", local)};
    close(fd);
    return error;
  }
  const int expedited = 46 << 2;  // DSCP EF (RFC 3246): voice; a network that minds it may refuse
  setsockopt(fd, IPPROTO_IP, IP_TOS, &expedited, sizeof expedited);
  return std::shared_ptr<PacketPort>(
      std::make_shared<UdpPort>(std::move(loop), fd, from_system(bound)));
}

}  // namespace parley
