// network: a sender of G.711 over an impaired network, seeded: who came when, for tests.
//
// Threads: pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"

namespace parley::test {

struct Impairment {
  std::string name{};
  int loss_percent = 0;
  int burst = 1;            // mean number of packets lost in a row
  double jitter_ms = 0;     // each packet's own delay: uniform from 0 to this
  bool fifo = true;         // what was sent later never overtakes
  int stall_ms = 0;         // every 10 s nothing comes for so long, then all at once
  int reorder_percent = 0;  // sent 25 ms later than the rest
  int duplicate_percent = 0;
  double skew_ppm = 0;                   // the sender's clock is slow by this
  int silence_percent = 0;               // of the time nothing is sent (DTX), in spells of 2 s
  std::uint16_t first_sequence = 65000;  // it wraps early
  std::uint32_t first_timestamp = 0xffff0000;
};

struct Arrival {
  Nanos at{0};
  int number = 0;  // of the packet: what its place on the sender's grid is
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
};

struct Traffic {
  std::vector<Arrival> arrivals{};   // in order of arrival
  std::vector<bool> sent{}, came{};  // by number
};

inline Traffic make_traffic(const Impairment& net, int packets, unsigned seed) {
  std::mt19937 random(seed);
  const auto chance = [&](double percent) {
    return std::uniform_real_distribution<>(0, 100)(random) < percent;
  };
  Traffic out;
  out.sent.resize(std::size_t(packets));
  out.came.resize(std::size_t(packets));
  auto sequence = net.first_sequence;
  bool losing = false;
  double last_ms = 0;
  for (int n = 0; n < packets; ++n) {
    if (net.silence_percent && n % 100 == 0 && n > 0 && chance(net.silence_percent)) {
      n += 99;
      continue;
    }
    out.sent[std::size_t(n)] = true;
    const double sent_ms = 20.0 * (n + 1) * (1 + net.skew_ppm * 1e-6);
    double at_ms = sent_ms + 40 + std::uniform_real_distribution<>(0, net.jitter_ms)(random);
    if (net.stall_ms && std::fmod(sent_ms, 10'000) < net.stall_ms && sent_ms > 10'000)
      at_ms = std::max(at_ms, std::floor(sent_ms / 10'000) * 10'000 + net.stall_ms + 40);
    if (net.fifo) at_ms = std::max(at_ms, last_ms);
    last_ms = at_ms;
    if (chance(net.reorder_percent)) at_ms += 25;
    const auto place = sequence++;
    // Two states (Gilbert): of a mean length, and as many as the share asks for.
    const double share = net.loss_percent / 100.0;
    losing = net.loss_percent == 0 ? false
             : losing              ? !chance(100.0 / net.burst)
                                   : chance(100.0 * share / (1 - share) / net.burst);
    if (losing) continue;
    out.came[std::size_t(n)] = true;
    const Arrival arrival{.at = Nanos(std::int64_t(at_ms * 1e6)),
                          .number = n,
                          .sequence = place,
                          .timestamp = net.first_timestamp + std::uint32_t(n) * 160};
    out.arrivals.push_back(arrival);
    if (chance(net.duplicate_percent)) {
      out.arrivals.push_back(arrival);
      out.arrivals.back().at += 7ms;
    }
  }
  std::stable_sort(out.arrivals.begin(), out.arrivals.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return out;
}

}  // namespace parley::test
