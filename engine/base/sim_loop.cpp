#include "engine/base/sim_loop.hpp"

#include <algorithm>
#include <condition_variable>

#include "engine/base/assert.hpp"

namespace parley {
namespace {

constexpr std::int64_t epoch_us = 1'767'225'600'000'000;  // 2026-01-01T00:00:00Z

// Where a worker leaves a job's result for the loop that will wait for it.
struct Slot {
  std::mutex mutex;
  std::condition_variable ready;
  bool full = false;
  Loop::Task result;

  void put(Loop::Task task) {
    std::lock_guard lock(mutex);
    result = std::move(task);
    full = true;
    ready.notify_one();
  }
  Loop::Task take() {
    std::unique_lock lock(mutex);
    ready.wait(lock, [this] { return full; });
    return std::move(result);
  }
};

}  // namespace

std::int64_t SimLoop::utc_us() const { return epoch_us + to_us(now_); }

bool SimLoop::post(Task task) {
  assert_here();
  posted_.push_back(std::move(task));
  return true;
}

void SimLoop::watch(int, Task) { PARLEY_ASSERT(!"a virtual loop has no sockets"); }
void SimLoop::unwatch(int) {}

bool SimLoop::submit_job(const Submit& submit, Nanos cost, std::function<Task()> work) {
  auto slot = std::make_shared<Slot>();
  if (!submit([slot, work = std::move(work)] { slot->put(work()); })) return false;
  at(now_ + cost, [slot] {
    if (auto task = slot->take()) task();
  });
  return true;
}

void SimLoop::run_posted() {
  while (!posted_.empty()) {
    auto task = std::move(posted_.front());
    posted_.pop_front();
    task();
  }
}

bool SimLoop::step(Nanos limit) {
  const auto timer = timers_.take(limit);
  if (!timer) return false;
  now_ = std::max(now_, timer->when);
  timer->task();
  run_posted();
  return true;
}

void SimLoop::pump_to(Nanos when) {
  Gate gate(*this);
  if (dispatching_) return;
  dispatching_ = true;
  run_posted();
  while (step(when)) {
  }
  now_ = std::max(now_, when);
  dispatching_ = false;
}

bool SimLoop::pump_until(const std::function<bool()>& done, Nanos limit) {
  Gate gate(*this);
  if (dispatching_) return done();
  dispatching_ = true;
  run_posted();
  while (!done() && step(limit)) {
  }
  dispatching_ = false;
  return done();
}

}  // namespace parley
