// scheduling: asks the system to run a thread before everything else, and says what it got.
//
// SCHED_FIFO keeps the media grid within a millisecond or so beside processes that take all the
// CPU; it needs root or CAP_SYS_NICE. Not SCHED_DEADLINE: its budget a period makes a loop that
// wakes for each packet use a third more CPU. See sched(7).
//
// Threads: the thread that asks.
#pragma once

namespace parley {

// "fifo", "nice" or "normal", the best that the system grants the calling thread.
const char* ask_for_real_time();

}  // namespace parley
