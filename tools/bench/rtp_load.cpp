#include "tools/bench/rtp_load.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <span>
#include <stdexcept>

#include "plugins/rtp/g711.hpp"
#include "plugins/rtp/rtp_packet.hpp"
#include "plugins/testkit/voices.hpp"
#include "plugins/vad/periodicity.hpp"

namespace parley::bench {
namespace {

constexpr std::size_t samples = 160;
constexpr Nanos frame = 20ms;
constexpr Nanos slot = 1ms;
constexpr std::uint8_t quiet_byte = 0xff;  // mu-law zero

Nanos wall() {  // the clock of SO_TIMESTAMPNS
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return Nanos(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
}

void sleep_until(Nanos when) {
  const timespec t{.tv_sec = when.count() / 1'000'000'000, .tv_nsec = when.count() % 1'000'000'000};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, nullptr);
}

// A few words, cut behind their last loud frame, so that the moment of the last voiced packet is
// known.
std::vector<std::int16_t> question() {
  caller::Voices voices;
  auto said = voices.say("kal16", "hello there, can you hear me now");
  if (!said) throw std::runtime_error(said.error());
  auto pcm = *std::move(said);
  Periodicity detector;
  std::size_t end = samples;
  for (std::size_t i = 0; i + samples <= pcm.size(); i += samples)
    if (detector.voiced(Periodicity::Frame(pcm.data() + i, samples))) end = i + samples;
  pcm.resize(end);
  return pcm;
}

bool is_voiced(std::span<const std::uint8_t> payload) {
  std::size_t loud = 0;
  for (const auto code : payload) loud += std::abs(g711::decode(g711::Law::mu, code)) > 300;
  return loud > payload.size() / 10;
}

}  // namespace

double Distribution::quantile(double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, std::size_t(q * double(values.size())))];
}

std::uint16_t RtpLoad::add_leg() {
  Leg leg;
  leg.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof local;
  const int on = 1;
  if (leg.fd < 0 || bind(leg.fd, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0 ||
      getsockname(leg.fd, reinterpret_cast<sockaddr*>(&local), &size) != 0 ||
      setsockopt(leg.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
    throw std::runtime_error(std::string("a leg's socket: ") + std::strerror(errno));
  legs_.push_back(std::move(leg));
  return ntohs(local.sin_port);
}

void RtpLoad::aim(std::size_t i, std::uint16_t remote_port) {
  auto& to = legs_.at(i).remote;
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(remote_port);
}

RtpLoad::~RtpLoad() {
  for (auto& leg : legs_) close(leg.fd);
}

void RtpLoad::send(Leg& leg, Nanos now, LoadFigures& figures, const LoadOptions& options) {
  const auto into = now - leg.first_turn;
  const auto at =
      into.count() >= 0 ? std::size_t((into % options.turn_every) / frame) : utterance_.size();
  const bool voiced = options.talk && at < utterance_.size();
  static const std::vector<std::uint8_t> quiet(samples, quiet_byte);
  std::array<std::uint8_t, rtp::header_size + samples> packet;
  rtp::write({.sequence = leg.seq++,
              .timestamp = leg.timestamp,
              .ssrc = std::uint32_t(0x5000 + leg.fd),
              .payload = voiced ? utterance_[at] : quiet},
             packet);
  leg.timestamp += samples;
  if (voiced && at == 0) leg.asked_at = {};
  const auto sent_at = wall();
  if (sendto(leg.fd, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&leg.remote),
             sizeof leg.remote) > 0)
    ++figures.sent;
  // The question is open from the end of its last packet's audio on: 20 ms after that packet's
  // start.
  if (voiced && at + 1 == utterance_.size() && now > options.settle &&
      now + 2s < options.duration) {
    leg.asked_at = sent_at;
    leg.agent_talks = false;
    ++figures.turns_asked;
  }
}

void RtpLoad::receive(Leg& leg, Nanos now, LoadFigures& figures, const LoadOptions& options) {
  std::array<std::uint8_t, 2048> packet;
  std::array<char, 128> control;
  for (;;) {
    iovec data{packet.data(), packet.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto got = recvmsg(leg.fd, &message, 0);
    if (got < 0) return;
    std::int64_t at = 0;
    for (auto* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
      if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
        timespec t;
        std::memcpy(&t, CMSG_DATA(c), sizeof t);
        at = std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
      }
    const auto rtp = rtp::parse(std::span(packet).first(std::size_t(got)));
    if (!rtp) continue;
    const auto seq = rtp->sequence;
    if (!leg.any) {
      leg.any = true;
      leg.last_seq = seq;
    }
    leg.extended += std::uint16_t(seq - leg.last_seq);
    leg.last_seq = seq;
    if (now > options.settle) {
      ++figures.received;
      leg.arrivals.emplace_back(leg.extended, at);
    }
    if (!leg.asked_at.count() || leg.agent_talks) continue;
    if (is_voiced(rtp->payload)) {
      leg.agent_talks = true;
      figures.turn_ms.add(double(at - leg.asked_at.count()) / 1e6);
      leg.asked_at = {};
    }
  }
}

LoadFigures RtpLoad::run(const LoadOptions& options) {
  const auto pcm = question();
  utterance_.clear();
  for (std::size_t i = 0; i + samples <= pcm.size(); i += samples) {
    std::vector<std::uint8_t> packet(samples);
    g711::encode(g711::Law::mu, std::span(pcm).subspan(i, samples), packet);
    utterance_.push_back(std::move(packet));
  }
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < legs_.size(); ++i) {
    epoll_event e{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, legs_[i].fd, &e);
    // Spread over the period, in whole frames.
    legs_[i].first_turn =
        options.settle + frame * std::int64_t((options.turn_every / frame) * std::int64_t(i) /
                                              std::int64_t(legs_.size()));
  }
  LoadFigures figures;
  const auto start = wall() + 5ms;
  for (std::int64_t tick = 0;; ++tick) {
    const Nanos since = slot * tick;
    if (since >= options.duration) break;
    sleep_until(start + since);
    for (auto i = std::size_t(tick % 20); i < legs_.size(); i += 20)
      send(legs_[i], since - since % frame, figures, options);
    std::array<epoll_event, 512> events;
    for (int n = 1; n > 0;) {
      n = epoll_wait(epoll, events.data(), int(events.size()), 0);
      for (int k = 0; k < n; ++k)
        receive(legs_[events[std::size_t(k)].data.u64], since, figures, options);
      if (n < int(events.size())) break;
    }
  }
  close(epoll);
  for (auto& leg : legs_) {
    std::int64_t base = INT64_MAX;
    for (const auto& [number, at] : leg.arrivals)
      base = std::min(base, at - std::int64_t(number) * frame.count());
    for (const auto& [number, at] : leg.arrivals)
      figures.lateness_ms.add(double(at - std::int64_t(number) * frame.count() - base) / 1e6);
    if (!leg.arrivals.empty())
      figures.lost +=
          leg.arrivals.back().first - leg.arrivals.front().first + 1 - leg.arrivals.size();
    leg.arrivals.clear();
  }
  return figures;
}

}  // namespace parley::bench
