#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "plugins/rtp/rtp_packet.hpp"
#include "tools/bench/line.hpp"

namespace parley::bench {

Nanos wall() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return Nanos(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
}

std::size_t receive_stamped(int fd, std::span<std::uint8_t> into, Nanos& at) {
  std::array<char, 128> control;
  iovec data{into.data(), into.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto got = recvmsg(fd, &message, MSG_DONTWAIT);
  if (got <= 0) return 0;
  for (auto* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      timespec t;
      std::memcpy(&t, CMSG_DATA(c), sizeof t);
      at = Nanos(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
    }
  return std::size_t(got);
}

RtpLine::RtpLine() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof local;
  const int on = 1;
  if (fd_ < 0 || bind(fd_, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0 ||
      getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size) != 0 ||
      setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
    throw std::runtime_error(std::string("a caller's socket: ") + std::strerror(errno));
  port_ = ntohs(local.sin_port);
}

RtpLine::~RtpLine() { close(fd_); }

bool RtpLine::send(const Frame& frame) {
  std::array<std::uint8_t, rtp::header_size + rtp::longest_payload + Srtp::trailer> packet;
  auto size = rtp::write({.payload_type = target_.payload_type,
                          .sequence = sequence_++,
                          .timestamp = timestamp_,
                          .ssrc = 0x50000000U + port_,
                          .payload = frame.payload},
                         packet);
  timestamp_ += target_.timestamp_step;
  if (target_.srtp) size = target_.srtp->protect(packet, size);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(target_.port);
  return sendto(fd_, packet.data(), size, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&to),
                sizeof to) > 0;
}

void RtpLine::receive(const OnArrival& on_arrival) {
  std::array<std::uint8_t, 2048> packet;
  Nanos at{0};
  while (auto size = receive_stamped(fd_, packet, at)) {
    if (target_.srtp) size = target_.srtp->unprotect(packet, size);
    const auto rtp = rtp::parse(std::span(packet).first(size));
    if (!rtp) continue;
    if (!any_) {
      last_ = rtp->sequence;
      ssrc_ = rtp->ssrc;
    }
    if (rtp->ssrc != ssrc_) continue;  // of a call that had this port before
    const auto number = newest_ + std::int16_t(rtp->sequence - last_);
    if (number > newest_) {
      newest_ = number;
      last_ = rtp->sequence;
    }
    any_ = true;
    on_arrival({.number = number, .at = at, .payload = rtp->payload});
  }
}

}  // namespace parley::bench
