#include <unistd.h>

#include <algorithm>
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

std::size_t receive_stamped(int fd, std::span<Stamped, places> into) {
  struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> bytes;
  };
  std::array<Control, places> control;
  std::array<iovec, places> data;
  std::array<mmsghdr, places> messages{};
  for (std::size_t i = 0; i < places; ++i) {
    data[i] = {into[i].bytes.data(), into[i].bytes.size()};
    messages[i].msg_hdr.msg_iov = &data[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_control = control[i].bytes.data();
    messages[i].msg_hdr.msg_controllen = control[i].bytes.size();
  }
  const int got = recvmmsg(fd, messages.data(), places, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < got; ++i) {
    auto& place = into[std::size_t(i)];
    auto& message = messages[std::size_t(i)];
    place.size = message.msg_len;
    const auto* c = CMSG_FIRSTHDR(&message.msg_hdr);
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec t;
    std::memcpy(&t, CMSG_DATA(c), sizeof t);
    place.at = Nanos(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
  }
  return std::size_t(std::max(got, 0));
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
  std::array<Stamped, places> came;
  for (auto n = places; n == places;) {
    n = receive_stamped(fd_, came);
    for (auto& one : std::span(came).first(n))
      take(std::span(one.bytes).first(one.size), one.at, on_arrival);
  }
}

void RtpLine::take(std::span<std::uint8_t> packet, Nanos at, const OnArrival& on_arrival) {
  if (target_.srtp) packet = packet.first(target_.srtp->unprotect(packet, packet.size()));
  const auto rtp = rtp::parse(packet);
  if (!rtp) return;
  if (!any_) {
    last_ = rtp->sequence;
    ssrc_ = rtp->ssrc;
  }
  if (rtp->ssrc != ssrc_) return;  // of a call that had this port before
  const auto number = newest_ + std::int16_t(rtp->sequence - last_);
  if (number > newest_) {
    newest_ = number;
    last_ = rtp->sequence;
  }
  any_ = true;
  on_arrival({.number = number, .at = at, .payload = rtp->payload});
}

}  // namespace parley::bench
