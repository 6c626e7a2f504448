#include "engine/base/scheduling.hpp"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace parley {
namespace {

constexpr unsigned long long period_ns = 1'000'000;  // the loop's tick
constexpr unsigned long long runtime_ns = 900'000;   // of it: something is left for the others
constexpr unsigned fifo_priority = 10;
constexpr int best_nice = -20;

bool granted(sched_attr wanted) {
  wanted.size = sizeof wanted;
  wanted.sched_flags = SCHED_FLAG_RESET_ON_FORK;  // without it the thread can make no other
  return syscall(SYS_sched_setattr, 0, &wanted, 0) == 0;
}

bool deadline() {
  sched_attr wanted{};
  wanted.sched_policy = SCHED_DEADLINE;
  wanted.sched_runtime = runtime_ns;
  wanted.sched_deadline = wanted.sched_period = period_ns;
  return granted(wanted);
}

bool fifo() {
  sched_attr wanted{};
  wanted.sched_policy = SCHED_FIFO;
  wanted.sched_priority = fifo_priority;
  return granted(wanted);
}

}  // namespace

const char* ask_for_real_time() {
  if (deadline()) return "deadline";
  if (fifo()) return "fifo";
  // On Linux a thread's own, whatever POSIX says of processes.
  if (setpriority(PRIO_PROCESS, id_t(gettid()), best_nice) == 0) return "nice";
  return "normal";
}

}  // namespace parley
