#include "engine/base/lateness.hpp"

#include <algorithm>

namespace parley {

void Lateness::add(Nanos late) {
  late = std::max(late, Nanos(0));
  const auto i = std::min(std::size_t(late / step), steps_.size() - 1);
  steps_[i].fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  if (late > max()) max_.store(late.count(), std::memory_order_relaxed);
}

Nanos Lateness::quantile(double q) const {
  const auto wanted = std::uint64_t(q * double(count()));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    seen += steps_[i].load(std::memory_order_relaxed);
    if (seen > wanted) return step * std::int64_t(i + 1);
  }
  return max();
}

void Lateness::reset() {
  for (auto& s : steps_) s.store(0, std::memory_order_relaxed);
  count_ = 0;
  max_ = 0;
}

void RecentLateness::add(Nanos late, Nanos now) {
  const auto second = now / window;
  if (const auto last = second_.load(std::memory_order_relaxed); second != last) {
    for (std::int64_t s = std::max(last + 1, second - 1); s <= second; ++s) {
      auto& old = windows_[std::size_t(s % 2)];
      for (auto& n : old.steps) n.store(0, std::memory_order_relaxed);
      old.count.store(0, std::memory_order_relaxed);
    }
    second_.store(second, std::memory_order_relaxed);
  }
  auto& w = windows_[std::size_t(second % 2)];
  const auto i = std::min(std::size_t(std::max(late, Nanos(0)) / step), w.steps.size() - 1);
  w.steps[i].fetch_add(1, std::memory_order_relaxed);
  w.count.fetch_add(1, std::memory_order_relaxed);
}

Nanos RecentLateness::p99(Nanos now) const {
  if (now / window - second_.load(std::memory_order_relaxed) > 1) return {};
  std::uint32_t count = 0;
  for (const auto& w : windows_) count += w.count.load(std::memory_order_relaxed);
  if (count < least) return {};
  std::uint32_t beyond = 0;
  for (std::size_t i = windows_[0].steps.size(); i-- > 0;) {
    for (const auto& w : windows_) beyond += w.steps[i].load(std::memory_order_relaxed);
    if (beyond * 100ULL > count) return step * std::int64_t(i + 1);
  }
  return {};
}

}  // namespace parley
