#include "engine/base/scheduling.hpp"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <cstdint>

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

void flush_denormals() {
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero, denormals are zero
#elif defined(__aarch64__)
  std::uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" : : "r"(control | 1u << 24));
#endif
}

}  // namespace parley
