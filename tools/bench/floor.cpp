#include "tools/bench/floor.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <thread>

#include "engine/base/scheduling.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::bench {
namespace {

constexpr int rounds = 100, wakes = 200;
using Datagram = std::array<std::uint8_t, rtp::header_size + 160>;

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof local;
    if (fd_ < 0 || bind(fd_, reinterpret_cast<sockaddr*>(&local), size) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&at_), &size) != 0)
      throw std::runtime_error(std::string("a socket: ") + std::strerror(errno));
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(const Socket& to, const Datagram& datagram) const {
    const auto* at = reinterpret_cast<const sockaddr*>(&to.at_);
    if (sendto(fd_, datagram.data(), datagram.size(), 0, at, sizeof to.at_) < 0)
      throw std::runtime_error(std::string("sendto: ") + std::strerror(errno));
  }
  bool receive(Datagram& datagram) const {
    sockaddr_in from;
    socklen_t size = sizeof from;
    return recvfrom(fd_, datagram.data(), datagram.size(), MSG_DONTWAIT,
                    reinterpret_cast<sockaddr*>(&from), &size) > 0;
  }
  bool wait(int ms) const {
    pollfd wanted{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&wanted, 1, ms) == 1;
  }

 private:
  int fd_;
  sockaddr_in at_{};
};

Nanos cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return Nanos(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
}

double us_each(Nanos all, std::size_t count) { return double(all.count()) / 1e3 / double(count); }

void measure_packets(std::size_t calls, Floor& floor) {
  const std::vector<Socket> callers(calls), engine(calls);
  Datagram datagram{};
  Nanos sending{0}, receiving{0};
  for (int round = 0; round < rounds; ++round) {
    const auto began = cpu();
    for (std::size_t i = 0; i < calls; ++i) callers[i].send(engine[i], datagram);
    const auto sent = cpu();
    for (const auto& socket : engine)
      if (!socket.receive(datagram)) throw std::runtime_error("a datagram was lost on loopback");
    sending += sent - began;
    receiving += cpu() - sent;
  }
  floor.send_us = us_each(sending, calls * rounds);
  floor.receive_us = us_each(receiving, calls * rounds);
}

void measure_wakes(Floor& floor) {
  const Socket from, to;
  std::jthread sleeper([&] {
    ask_for_real_time();
    for (int i = 0; i < wakes && to.wait(1000); ++i) {
      const auto woken = wall();
      Datagram datagram;
      Nanos sent;
      if (!to.receive(datagram)) return;
      std::memcpy(&sent, datagram.data(), sizeof sent);
      floor.wake_us.add(double((woken - sent).count()) / 1e3);
    }
  });
  for (int i = 0; i < wakes; ++i) {
    std::this_thread::sleep_for(20ms);
    Datagram datagram{};
    const auto now = wall();
    std::memcpy(datagram.data(), &now, sizeof now);
    from.send(to, datagram);
  }
}

}  // namespace

Floor measure_floor(std::size_t calls) {
  Floor floor;
  measure_packets(calls, floor);
  measure_wakes(floor);
  return floor;
}

}  // namespace parley::bench
