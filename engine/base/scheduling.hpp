// scheduling: asks the system to run a thread before everything else, and says what it got.
//
// SCHED_DEADLINE keeps the media grid within a millisecond beside processes that take all the CPU;
// it needs root or CAP_SYS_NICE. See sched(7).
//
// Threads: the thread that asks.
#pragma once

namespace parley {

// "deadline", "fifo", "nice" or "normal", the best that the system grants the calling thread.
const char* ask_for_real_time();

}  // namespace parley
