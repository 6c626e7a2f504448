// floor: what the kernel alone takes for a call's packets: below it no program on this machine
// gets.
//
// Threads: blocks its caller; the wake-ups have a thread of their own.
#pragma once

#include <cstddef>

#include "engine/base/clock.hpp"
#include "tools/bench/callers.hpp"

namespace parley::bench {

struct Floor {
  double send_us = 0, receive_us = 0;  // CPU, a datagram of G.711 over loopback, delivery included
  Distribution wake_us{};  // from a datagram sent to a thread that waited for it, at real-time
                           // priority where that is granted
};

// With as many sockets on each side as there are calls, taken in turn.
Floor measure_floor(std::size_t calls);

}  // namespace parley::bench
