#include "tools/bench/callers.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "engine/base/scheduling.hpp"

namespace parley::bench {
namespace {

constexpr Nanos frame = 20ms;
constexpr Nanos slot = 1ms;
constexpr Nanos pause = 60ms;  // between two packets: nothing was said meanwhile

void sleep_until(Nanos when) {
  const timespec t{.tv_sec = when.count() / 1'000'000'000, .tv_nsec = when.count() % 1'000'000'000};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, nullptr);
}

// The grid is the one on which nothing came early.
void count_grid(const std::vector<std::pair<std::int64_t, Nanos>>& arrivals, LoadFigures& figures) {
  if (arrivals.empty()) return;
  Nanos base = Nanos::max();
  for (const auto& [number, at] : arrivals) base = std::min(base, at - frame * number);
  for (const auto& [number, at] : arrivals)
    figures.lateness_ms.add(double((at - frame * number - base).count()) / 1e6);
  const auto [first, last] = std::minmax_element(arrivals.begin(), arrivals.end());
  const auto sent = std::uint64_t(last->first - first->first + 1);
  figures.lost += sent - std::min(sent, std::uint64_t(arrivals.size()));
}

}  // namespace

double Distribution::quantile(double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, std::size_t(q * double(values.size())))];
}

void Callers::add(std::unique_ptr<Line> line, std::shared_ptr<const Frames> frames) {
  const auto& codec = *frames->codec;
  legs_.push_back({.line = std::move(line),
                   .frames = std::move(frames),
                   .decoder = codec.decoder(codec.decoded_rate(""))});
}

void Callers::send(std::size_t index, Nanos now, LoadFigures& figures, const LoadOptions& options) {
  auto& leg = legs_[index];
  const auto& said = leg.frames->said;
  const auto into = now - leg.first_turn;
  const auto at =
      into.count() >= 0 ? std::size_t((into % options.turn_every) / frame) : said.size();
  const bool voiced = at < said.size();
  if (voiced && at == 0) leg.asked_at = {};
  const auto sent_at = wall();
  const bool sent = leg.line->send(voiced ? said[at] : leg.frames->quiet);
  if (now > options.settle) figures.sent += sent;
  // The question is open from the end of its last packet's audio on: 20 ms after that packet's
  // start.
  if (voiced && at + 1 == said.size() && now > options.settle && now + 2s < options.duration) {
    leg.asked_at = sent_at;
    figures.asked.emplace_back(index, sent_at);
  }
}

void Callers::count(Leg& leg, const Arrival& arrival, LoadFigures& figures) {
  ++figures.received;
  const auto gap = arrival.at - std::exchange(leg.last_arrival, arrival.at);
  if (arrival.number)
    leg.arrivals.emplace_back(*arrival.number, arrival.at);
  else if (gap < pause)
    figures.lateness_ms.add(std::max(0.0, double((gap - frame).count()) / 1e6));
}

void Callers::receive(Leg& leg, Nanos now, LoadFigures& figures, const LoadOptions& options) {
  leg.line->receive([&](const Arrival& arrival) {
    leg.heard = true;
    if (now > options.settle) count(leg, arrival, figures);
    if (!leg.asked_at.count() || arrival.at < leg.asked_at) return;
    std::array<std::int16_t, 960> samples;
    if (!is_voiced(std::span(samples).first(leg.decoder->decode(arrival.payload, samples)))) return;
    figures.turn_ms.add(double((arrival.at - leg.asked_at).count()) / 1e6);
    leg.asked_at = {};
  });
}

LoadFigures Callers::run(const LoadOptions& options) {
  ask_for_real_time();  // it stands for a network, which does not wait for whom it loads
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < legs_.size(); ++i) {
    epoll_event e{.events = EPOLLIN, .data = {.u64 = i}};
    if (const int fd = legs_[i].line->descriptor(); fd >= 0)
      epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
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
    figures.own_lateness = std::max(figures.own_lateness, wall() - start - since);
    for (auto i = std::size_t(tick % 20); i < legs_.size(); i += 20) {
      if (legs_[i].line->descriptor() < 0) receive(legs_[i], since, figures, options);
      send(i, since - since % frame, figures, options);
    }
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
    receive(leg, options.duration, figures, options);
    count_grid(leg.arrivals, figures);
    figures.heard += leg.heard;
  }
  return figures;
}

}  // namespace parley::bench
