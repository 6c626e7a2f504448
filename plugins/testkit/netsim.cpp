#include "plugins/testkit/netsim.hpp"

#include <algorithm>

namespace parley::testkit {
namespace {

constexpr double loss_most = 99;  // percent: beyond, the spells between losses have no length

}  // namespace

// By hand: what the standard distributions draw differs between libraries.
bool NetSim::chance(double percent) { return double(random_() >> 11) * 0x1p-53 * 100 < percent; }

bool NetSim::loses() {
  const double share = std::min(settings_.loss_percent, loss_most) / 100;
  if (share <= 0) return false;
  const double burst = std::max(settings_.burst_packets, 1 / (1 - share));
  losing_ = losing_ ? !chance(100 / burst) : chance(100 * share / (1 - share) / burst);
  return losing_;
}

Fate NetSim::send(Nanos at) {
  if (!first_) first_ = at;
  ++counters_.sent;
  const auto skew = Nanos(std::int64_t(double((at - *first_).count()) * settings_.skew_ppm * 1e-6));
  const auto jitter =
      Nanos(std::int64_t(double(random_() >> 11) * 0x1p-53 * double(settings_.jitter.count())));
  Nanos arrival = std::max(at + skew + settings_.delay + jitter, last_);
  last_ = arrival;
  if (loses()) {
    ++counters_.lost;
    return {};
  }
  if (chance(settings_.reorder_percent)) {
    ++counters_.reordered;
    arrival += overtaken_by;
  }
  Fate fate{.arrives = arrival};
  if (chance(settings_.duplicate_percent)) {
    ++counters_.duplicated;
    fate.again = arrival + again_after;
  }
  return fate;
}

}  // namespace parley::testkit
