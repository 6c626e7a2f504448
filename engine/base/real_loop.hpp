// real_loop: a Loop on a thread of its own: epoll for sockets, an eventfd for the mailbox, timers
// to the nanosecond. Keeps count of how late its timers fire.
//
// Threads: start() and stop() from the owner; the rest as Loop says.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <unordered_map>

#include "engine/base/guarded.hpp"
#include "engine/base/loop.hpp"
#include "engine/base/mailbox.hpp"

namespace parley {

// How late timers fired: a histogram in steps of 10 us up to 100 ms. Written by one thread.
class Lateness {
 public:
  static constexpr Nanos step{10'000};

  void add(Nanos late);
  Nanos quantile(double q) const;  // 0 when nothing was counted; the upper end of the step
  Nanos max() const { return Nanos(max_.load(std::memory_order_relaxed)); }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  void reset();

 private:
  std::array<std::atomic<std::uint32_t>, 10'000> steps_{};
  std::atomic<std::uint64_t> count_ = 0;
  std::atomic<std::int64_t> max_ = 0;
};

class RealLoop final : public Loop {
 public:
  static std::shared_ptr<RealLoop> make(std::string name = "parley-loop");
  ~RealLoop() override;

  void start();
  // Ends the thread and drops what was posted, timed and watched. Jobs that are out find nobody.
  void stop();

  bool is_virtual() const override { return false; }
  Nanos now() const override;
  std::int64_t utc_us() const override;
  [[nodiscard]] bool post(Task task) override;
  void watch(int fd, Task readable) override;
  void unwatch(int fd) override;
  void pump_to(Nanos) override {}
  bool pump_until(const std::function<bool()>& done, Nanos) override { return done(); }

  Lateness& lateness() { return lateness_; }
  std::uint64_t refused() const { return mailbox_.refused(); }  // posts that found it full

 private:
  explicit RealLoop(std::string name);
  bool submit_job(const Submit& submit, Nanos cost, std::function<Task()> work) override;
  void timer_added(Nanos when) override;
  void deliver(Task result);  // any thread; never refused: the pool's bound is its bound
  void wake();
  void run(std::stop_token stop);
  void run_timers();

  const std::string name_;
  const int epoll_;
  const int wake_fd_;
  Mailbox<Task> mailbox_;
  Guarded<std::vector<Task>> results_;
  std::unordered_map<int, std::shared_ptr<Task>> watched_;
  Lateness lateness_;
  std::atomic<std::thread::id> thread_id_{};
  std::jthread thread_;
};

}  // namespace parley
