#include "engine/base/loop.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"

namespace parley {

Loop::TimerId Loop::at(Nanos when, Task task) {
  assert_here();
  when = std::max(when, now());  // what is asked for too late is not a timer's lateness
  const auto before = timers_.next();
  const bool first = !before || when < *before;
  const auto id = timers_.add(when, std::move(task));
  if (first) timer_added(when);
  return id;
}

void Loop::cancel(TimerId timer) {
  assert_here();
  timers_.cancel(timer);
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
