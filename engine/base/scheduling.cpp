#include "engine/base/scheduling.hpp"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace parley {
namespace {

constexpr unsigned fifo_priority = 10;
constexpr int best_nice = -20;

bool fifo() {
  sched_attr wanted{};
  wanted.size = sizeof wanted;
  wanted.sched_policy = SCHED_FIFO;
  wanted.sched_priority = fifo_priority;
  wanted.sched_flags = SCHED_FLAG_RESET_ON_FORK;  // what it starts is ordinary again
  return syscall(SYS_sched_setattr, 0, &wanted, 0) == 0;
}

}  // namespace

const char* ask_for_real_time() {
  if (fifo()) return "fifo";
  // On Linux a thread's own, whatever POSIX says of processes.
  if (setpriority(PRIO_PROCESS, id_t(gettid()), best_nice) == 0) return "nice";
  return "normal";
}

}  // namespace parley
