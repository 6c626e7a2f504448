#include "engine/sip/timer_wheel.hpp"

#include <algorithm>

namespace parley::sip {

TimerWheel::Id TimerWheel::start(Nanos when, std::uint64_t key) {
  const auto tick = std::max<std::int64_t>((when + step - Nanos(1)) / step, tick_ + 1);
  const Id id = ++last_;
  wheel_[slot_of(tick)].push_back({id, tick, key});
  where_.emplace(id, tick);
  return id;
}

void TimerWheel::stop(Id id) {
  const auto found = where_.find(id);
  if (found == where_.end()) return;
  std::erase_if(wheel_[slot_of(found->second)], [&](const Entry& e) { return e.id == id; });
  where_.erase(found);
}

std::vector<std::uint64_t> TimerWheel::advance(Nanos now) {
  std::vector<std::uint64_t> due;
  const auto last = now / step;
  if (last <= tick_) return due;
  std::vector<Entry> fired;
  const auto first = std::max<std::int64_t>(tick_ + 1, last - std::int64_t(slots) + 1);
  for (auto tick = first; tick <= last; ++tick)
    std::erase_if(wheel_[slot_of(tick)], [&](const Entry& e) {
      if (e.tick > last) return false;
      fired.push_back(e);
      return true;
    });
  tick_ = last;
  std::sort(fired.begin(), fired.end(), [](const Entry& a, const Entry& b) {
    return a.tick != b.tick ? a.tick < b.tick : a.id < b.id;
  });
  for (const auto& e : fired) {
    where_.erase(e.id);
    due.push_back(e.key);
  }
  return due;
}

std::optional<Nanos> TimerWheel::next() const {
  if (where_.empty()) return {};
  for (auto tick = tick_ + 1; tick <= tick_ + std::int64_t(slots); ++tick)
    if (!wheel_[slot_of(tick)].empty())
      return tick * step;  // perhaps of a later round: looks again
  return {};
}

}  // namespace parley::sip
