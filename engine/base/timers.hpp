// timers: what is to be done when, in the order of the moments and then of the asking.
//
// A binary heap of moments beside the tasks: setting and firing one touches no tree and frees no
// node. A cancelled task is gone at once; its moment stays in the heap until it comes up or too
// many are stale.
//
// Threads: the owner's. Reads no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/base/clock.hpp"

namespace parley {

class Timers {
 public:
  using Task = std::function<void()>;
  using Id = std::uint64_t;  // 0: none

  struct Due {
    Nanos when;
    Task task;
  };

  Id add(Nanos when, Task task);
  void cancel(Id id);  // unknown or fired ids are fine

  bool empty() const { return live_ == 0; }
  std::optional<Nanos> next() const;     // the first moment
  std::optional<Due> take(Nanos until);  // the first task that is due by then

 private:
  static constexpr unsigned slot_bits = 24;  // of an id; the rest counts up
  static constexpr Id slot_mask = (Id(1) << slot_bits) - 1;

  struct Moment {
    Nanos when;
    Id id;
    bool operator>(const Moment& o) const { return when != o.when ? when > o.when : id > o.id; }
  };
  struct Slot {
    Id id = 0;  // 0: free
    Task task;
  };

  bool stale(const Moment& m) const { return slots_[m.id & slot_mask].id != m.id; }
  Task empty_slot(Id id);
  void drop_stale();

  std::vector<Moment> heap_;  // the first is never stale
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t live_ = 0;
  Id count_ = 0;
};

}  // namespace parley
