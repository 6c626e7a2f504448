#include "engine/base/loop.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"

namespace parley {
namespace {

// Into a node that is spare, when there is one.
template <class Map>
void put(Map& map, std::vector<typename Map::node_type>& spare, typename Map::key_type key,
         typename Map::mapped_type value) {
  if (spare.empty()) {
    map.emplace(std::move(key), std::move(value));
    return;
  }
  auto node = std::move(spare.back());
  spare.pop_back();
  node.key() = std::move(key);
  node.mapped() = std::move(value);
  map.insert(std::move(node));
}

}  // namespace

Loop::TimerId Loop::at(Nanos when, Task task) {
  assert_here();
  when = std::max(when, now());  // what is asked for too late is not a timer's lateness
  const TimerId id = ++last_timer_;
  const bool first = timers_.empty() || when < timers_.begin()->first.first;
  put(timers_, spare_timers_, Key{when, id}, std::move(task));
  put(timer_times_, spare_times_, id, when);
  if (first) timer_added(when);
  return id;
}

void Loop::cancel(TimerId timer) {
  assert_here();
  const auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  auto node = timers_.extract(Key{found->second, timer});
  spare_times_.push_back(timer_times_.extract(found));
  give_back(std::move(node));
}

Loop::Timers::node_type Loop::take_first() {
  auto node = timers_.extract(timers_.begin());
  spare_times_.push_back(timer_times_.extract(node.key().second));
  return node;
}

void Loop::give_back(Timers::node_type timer) {
  timer.mapped() = {};  // its destructor may set timers, or cancel them
  spare_timers_.push_back(std::move(timer));
}

Loop::Timers Loop::forget_timers() {
  timer_times_.clear();
  return std::exchange(timers_, {});
}

bool Loop::job(Workers& workers, Nanos cost, std::function<Task()> work) {
  return submit_job([&](Workers::Job j) { return workers.submit(std::move(j)); }, cost,
                    std::move(work));
}

bool Loop::job(Strand& strand, Nanos cost, std::function<Task()> work) {
  return submit_job([&](Workers::Job j) { return strand.submit(std::move(j)); }, cost,
                    std::move(work));
}

void Loop::assert_here() const { PARLEY_ASSERT(here()); }

void Loop::enter() {
  if (!here()) {
    gate_.lock();
    owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  ++depth_;
}

void Loop::leave() {
  if (--depth_ == 0) {
    owner_.store({}, std::memory_order_relaxed);
    gate_.unlock();
  }
}

}  // namespace parley
