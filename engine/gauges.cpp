#include "engine/gauges.hpp"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace parley {
namespace {

Nanos nanos(const timeval& t) {
  return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
}

}  // namespace

Usage usage_of_this_process() {
  Usage usage;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  usage.cpu = nanos(used.ru_utime) + nanos(used.ru_stime);
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name;) {
    if (name == "VmRSS:") {
      std::int64_t kib = 0;
      status >> kib;
      usage.resident_bytes = kib * 1024;
    } else if (name == "Threads:") {
      status >> usage.threads;
    }
  }
  return usage;
}

nlohmann::json Gauges::take(const Usage& usage, std::size_t calls, Nanos now) {
  const Last last = last_.with(
      [&](Last& l) { return std::exchange(l, Last{.cpu = usage.cpu, .at = now, .calls = calls}); });
  nlohmann::json out = {{"cpu_s", double(usage.cpu.count()) / 1e9},
                        {"resident_bytes", usage.resident_bytes},
                        {"threads", usage.threads},
                        {"cpu_us_per_call_s", nullptr},
                        {"bytes_per_call", nullptr}};
  const double call_seconds =
      double(last.calls + calls) / 2 * double((now - last.at).count()) / 1e9;
  if (last.calls && calls && call_seconds > 0)
    out["cpu_us_per_call_s"] = double((usage.cpu - last.cpu).count()) / 1e3 / call_seconds;
  if (calls)
    out["bytes_per_call"] = (usage.resident_bytes - resident_at_start_) / std::int64_t(calls);
  return out;
}

}  // namespace parley
