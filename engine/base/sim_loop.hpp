// sim_loop: virtual time: the same calls, timers and jobs on one thread, as fast as the machine
// can.
//
// Time stands still while anything runs and jumps to the next timer when all is idle. A job's
// result is a timer at asked + cost; when it is due the loop waits for the worker. So the same
// pushes give the same order of everything, on any machine, however busy.
//
// Threads: the one that pumps. post() from another thread would break the order and is refused.
#pragma once

#include <deque>

#include "engine/base/loop.hpp"

namespace parley {

class SimLoop final : public Loop {
 public:
  static std::shared_ptr<SimLoop> make() { return std::shared_ptr<SimLoop>(new SimLoop); }

  bool is_virtual() const override { return true; }
  Nanos now() const override { return now_; }
  std::int64_t utc_us() const override;
  Nanos recent_lateness() const override { return pretended_; }  // never late by itself
  void pretend_late(Nanos late) { pretended_ = late; }
  [[nodiscard]] bool post(Task task) override;
  void watch(int fd, Task readable) override;  // never: sockets need real time
  void unwatch(int fd) override;
  void pump_to(Nanos when) override;
  bool pump_until(const std::function<bool()>& done, Nanos limit) override;

 private:
  SimLoop() = default;
  bool submit_job(const Submit& submit, Nanos cost, std::function<Task()> work) override;
  void timer_added(Nanos) override {}
  bool step(Nanos limit);  // the next timer up to `limit`; false: there is none
  void run_posted();

  Nanos now_{0}, pretended_{0};
  std::deque<Task> posted_;
  bool dispatching_ = false;
};

}  // namespace parley
