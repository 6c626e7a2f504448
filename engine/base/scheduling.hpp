// scheduling: how a thread that works on audio runs: before everything else where the system grants
// that, and without the numbers next to nothing.
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

// From here on the calling thread takes floating-point numbers below the normal ones for zero. They
// stand for nothing that can be heard, but a filter that dies away lingers among them, at a hundred
// cycles an operation.
void flush_denormals();

}  // namespace parley
