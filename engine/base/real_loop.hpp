// real_loop: a Loop on a thread of its own: epoll for sockets, an eventfd for the mailbox, timers
// to the nanosecond; once a millisecond when it is busy (pace.hpp). Keeps count of how late its
// timers fire.
//
// Threads: start() and stop() from the owner; the rest as Loop says.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/guarded.hpp"
#include "engine/base/lateness.hpp"
#include "engine/base/loop.hpp"
#include "engine/base/mailbox.hpp"
#include "engine/base/pace.hpp"

namespace parley {

class RealLoop final : public Loop {
 public:
  static std::shared_ptr<RealLoop> make(std::string name = "parley-loop");
  ~RealLoop() override;

  // `real_time`: asks the system to run the thread before all others; scheduling() is what it got.
  void start(bool real_time = false);
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
  Nanos recent_lateness() const override { return recent_.p99(now()); }
  const char* scheduling() const { return scheduling_; }
  std::uint64_t refused() const { return mailbox_.refused(); }  // posts that found it full

 private:
  explicit RealLoop(std::string name);
  bool submit_job(const Submit& submit, Nanos cost, std::function<Task()> work) override;
  void timer_added(Nanos when) override;
  void deliver(Task result);  // any thread; never refused: the pool's bound is its bound
  void wake();
  void run(std::stop_token stop);
  Nanos until_the_next_timer();
  void sleep_to_the_next_tick() const;
  void wait_and_read(Nanos wait);
  void read_from(int fd);
  void run_backlog();
  void run_one(const Task& task);
  void run_timers();

  const std::string name_;
  const int epoll_;
  const int wake_fd_;
  Mailbox<Task> mailbox_;
  Guarded<std::vector<Task>> results_;
  std::deque<Task> backlog_;                    // taken out of these two and not run yet
  std::vector<std::unique_ptr<Task>> watched_;  // by descriptor
  std::vector<std::unique_ptr<Task>> retired_;  // of this turn: one of them may be running
  Lateness lateness_;
  RecentLateness recent_;
  const char* scheduling_ = "normal";
  Pace pace_;
  std::uint64_t events_ = 0;  // since pace_ counted them
  std::atomic<std::thread::id> thread_id_{};
  std::jthread thread_;
};

}  // namespace parley
