// clock: the one unit of time.
//
// A moment is nanoseconds on a loop's clock: CLOCK_MONOTONIC in real time, 0 at the start in
// virtual time. Only a Loop reads a clock; everybody else is told `now`.
#pragma once

#include <chrono>
#include <cstdint>

namespace parley {

using Nanos = std::chrono::nanoseconds;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;

constexpr std::int64_t to_ms(Nanos t) { return t / 1ms; }
constexpr std::int64_t to_us(Nanos t) { return t.count() / 1000; }

}  // namespace parley
