// gauges: what the process uses, and what of it a call costs.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "engine/base/clock.hpp"
#include "engine/base/guarded.hpp"

namespace parley {

// Of this process so far; getrusage(2), proc(5).
struct Usage {
  Nanos cpu{0};
  std::int64_t resident_bytes = 0;
  std::int64_t threads = 0;
};
Usage usage_of_this_process();

class Gauges {
 public:
  explicit Gauges(const Usage& at_start) : resident_at_start_(at_start.resident_bytes) {}

  // {cpu_s, resident_bytes, threads, cpu_us_per_call_s, bytes_per_call}; the last two are null
  // while there are no calls, and the CPU is that since take() was last called.
  nlohmann::json take(const Usage& usage, std::size_t calls, Nanos now);

 private:
  struct Last {
    Nanos cpu{0}, at{0};
    std::size_t calls = 0;
  };
  const std::int64_t resident_at_start_;
  Guarded<Last> last_;
};

}  // namespace parley
