// loop: where a call lives: its timers, sockets, pipelines and decisions, one after the other.
//
// Two drivers behind one interface. RealLoop: a thread, epoll and CLOCK_MONOTONIC. SimLoop: virtual
// time; no thread, no epoll; whoever pushes (or the test) pumps it, and time moves when all is
// idle.
//
// The gate: holding it means "on the loop". The loop's own thread holds it while it dispatches; a
// foreign streaming thread takes it in our pad functions. Lock order: outer STREAM_LOCK, gate,
// inner STREAM_LOCK.
//
// Threads: post(), now(), utc_us(), here(), is_virtual() from any thread; everything else on the
// loop. Nothing that runs on a loop may block.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/timers.hpp"
#include "engine/base/workers.hpp"

namespace parley {

class Loop : public std::enable_shared_from_this<Loop> {
 public:
  using Task = Timers::Task;
  using TimerId = Timers::Id;  // 0: none

  virtual ~Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  virtual bool is_virtual() const = 0;
  virtual Nanos now() const = 0;
  virtual std::int64_t utc_us() const = 0;  // the same moment as microseconds since 1970
  // By how much the latest 1 % of the timers of the last second were late; any thread.
  virtual Nanos recent_lateness() const = 0;

  // Runs `task` on the loop, soon and in order. False: the mailbox is full and the task was not
  // taken. In virtual time only the pumping thread posts, so that the order is always the same.
  [[nodiscard]] virtual bool post(Task task) = 0;

  TimerId at(Nanos when, Task task);  // a moment that has passed means: next
  TimerId after(Nanos delay, Task task) { return at(now() + delay, std::move(task)); }
  void cancel(TimerId timer);  // unknown or fired ids are fine

  // Real time only: `readable` runs while `fd` has something to read (level-triggered).
  virtual void watch(int fd, Task readable) = 0;
  virtual void unwatch(int fd) = 0;

  // Slow work elsewhere: `work` runs on a worker and returns what to do with its result, on this
  // loop. In virtual time that happens at now + `cost`, in the order of asking, however long the
  // worker took. False: the pool's queue is full; `work` was not taken.
  [[nodiscard]] bool job(Workers& workers, Nanos cost, std::function<Task()> work);
  [[nodiscard]] bool job(Strand& strand, Nanos cost, std::function<Task()> work);

  // Virtual time: called from outside a dispatch, runs what is due and moves time to `when`.
  // Real time, or inside a dispatch: nothing.
  virtual void pump_to(Nanos when) = 0;
  // Virtual time: pumps moment after moment until `done()` or until nothing is due before `limit`.
  // Real time, or inside a dispatch: nothing. Answers done().
  virtual bool pump_until(const std::function<bool()>& done, Nanos limit) = 0;

  bool here() const { return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }
  void assert_here() const;

 protected:
  Loop() = default;

  using Submit = std::function<bool(Workers::Job)>;
  virtual bool submit_job(const Submit& submit, Nanos cost, std::function<Task()> work) = 0;
  virtual void timer_added(Nanos when) = 0;  // a new earliest timer

  Timers timers_;  // under the gate

 private:
  friend class Gate;
  void enter();
  void leave();

  std::mutex gate_;  // taken once a thread, however deep it nests
  std::atomic<std::thread::id> owner_{};
  int depth_ = 0;
};

using LoopRef = std::shared_ptr<Loop>;

// Holds the gate of a loop for a scope. May be nested.
class Gate {
 public:
  explicit Gate(Loop& loop) : loop_(loop) { loop_.enter(); }
  ~Gate() { loop_.leave(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

 private:
  Loop& loop_;
};

}  // namespace parley
