// timer_wheel: many long timers behind one short one: starting and stopping cost the same however
// many there are.
//
// Slots of 50 ms in a ring of 512; what lies further off waits for its round. libre keeps timers in
// one list that it walks to insert; thousands of ringing limits would make every retransmission
// slow.
//
// Threads: the owner's. Reads no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/base/clock.hpp"

namespace parley::sip {

class TimerWheel {
 public:
  using Id = std::uint64_t;  // 0: none
  static constexpr Nanos step = 50ms;
  static constexpr std::size_t slots = 512;

  explicit TimerWheel(Nanos now) : tick_(now / step), wheel_(slots) {}

  // Due at the first step at or after `when`; `key` comes back then.
  Id start(Nanos when, std::uint64_t key);
  void stop(Id id);  // unknown and fired ids are fine

  // The keys that are due by `now`, earliest step first.
  std::vector<std::uint64_t> advance(Nanos now);

  // When to call advance() next; nothing when no timer runs.
  std::optional<Nanos> next() const;
  std::size_t size() const { return where_.size(); }

 private:
  struct Entry {
    Id id;
    std::int64_t tick;
    std::uint64_t key;
  };
  static std::size_t slot_of(std::int64_t tick) { return std::size_t(tick) % slots; }

  std::int64_t tick_;  // everything up to it has been handed out
  std::vector<std::vector<Entry>> wheel_;
  std::unordered_map<Id, std::int64_t> where_;
  Id last_ = 0;
};

}  // namespace parley::sip
