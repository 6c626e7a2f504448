#include "engine/base/timers.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/assert.hpp"

namespace parley {
namespace {
constexpr std::size_t stale_allowed = 64;  // beside as many as there are live ones
}

Timers::Id Timers::add(Nanos when, Task task) {
  if (free_.empty()) {
    PARLEY_ASSERT(slots_.size() < slot_mask);
    free_.push_back(std::uint32_t(slots_.size()));
    slots_.emplace_back();
  }
  const auto slot = free_.back();
  free_.pop_back();
  const Id id = ++count_ << slot_bits | slot;
  slots_[slot] = {.id = id, .task = std::move(task)};
  ++live_;
  heap_.push_back({when, id});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  return id;
}

void Timers::cancel(Id id) {
  const auto slot = id & slot_mask;
  if (id == 0 || slot >= slots_.size() || slots_[slot].id != id) return;
  const auto task = empty_slot(id);  // destroyed last: it may own what cancels
  drop_stale();
}

std::optional<Nanos> Timers::next() const {
  if (heap_.empty()) return {};
  return heap_.front().when;
}

std::optional<Timers::Due> Timers::take(Nanos until) {
  if (heap_.empty() || heap_.front().when > until) return {};
  const auto first = heap_.front();
  Due due{.when = first.when, .task = empty_slot(first.id)};
  drop_stale();
  return due;
}

Timers::Task Timers::empty_slot(Id id) {
  const auto slot = std::uint32_t(id & slot_mask);
  slots_[slot].id = 0;
  free_.push_back(slot);
  --live_;
  return std::exchange(slots_[slot].task, {});
}

void Timers::drop_stale() {
  if (heap_.size() > 2 * live_ + stale_allowed) {
    std::erase_if(heap_, [this](const Moment& m) { return stale(m); });
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
  while (!heap_.empty() && stale(heap_.front())) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
  }
}

}  // namespace parley
