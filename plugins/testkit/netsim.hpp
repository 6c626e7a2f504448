// netsim: what a bad network does to each packet: when it arrives, twice, or not at all; seeded.
//
// Losses come in spells (Gilbert-Elliott: two states, everything lost in the bad one) of a mean
// length, as often as the share asks for. Jitter is each packet's own delay, uniform; it lets
// nobody overtake, reordering does. A sender's clock that is off moves everything away, slowly.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "engine/base/clock.hpp"

namespace parley::testkit {

struct NetSettings {
  double loss_percent = 0;
  double burst_packets = 1;  // mean number lost in a row
  Nanos delay{0};
  Nanos jitter{0};             // uniform, from 0 to this, on top
  double reorder_percent = 0;  // sent on so much later that the next ones overtake
  double duplicate_percent = 0;
  double skew_ppm = 0;  // the sender's clock is slow by this
  std::uint64_t seed = 1;
};

struct Fate {
  std::optional<Nanos> arrives{};  // nothing: it is lost
  std::optional<Nanos> again{};    // a duplicate
};

class NetSim {
 public:
  static constexpr Nanos overtaken_by = 25ms, again_after = 7ms;

  struct Counters {
    std::uint64_t sent = 0, lost = 0, reordered = 0, duplicated = 0;
  };

  explicit NetSim(const NetSettings& settings) : settings_(settings), random_(settings.seed) {}

  Fate send(Nanos at);  // in the order of sending
  const Counters& counters() const { return counters_; }

 private:
  bool chance(double percent);
  bool loses();

  const NetSettings settings_;
  std::mt19937_64 random_;
  Counters counters_{};
  std::optional<Nanos> first_{};
  Nanos last_{0};  // arrival of the packet before
  bool losing_ = false;
};

}  // namespace parley::testkit
