#include "engine/gauges.hpp"

#include <doctest/doctest.h>

using namespace parley;

TEST_CASE("gauges: CPU and memory a call, since they were last asked for") {
  Gauges gauges({.cpu = 1s, .resident_bytes = 50'000'000, .threads = 9});
  auto g = gauges.take({.cpu = 2s, .resident_bytes = 50'000'000, .threads = 9}, 0, 10s);
  CHECK(g["cpu_us_per_call_s"].is_null());  // there are no calls
  CHECK(g["bytes_per_call"].is_null());
  g = gauges.take({.cpu = 2s, .resident_bytes = 60'000'000, .threads = 9}, 100, 20s);
  CHECK(g["cpu_us_per_call_s"].is_null());  // there were none
  CHECK(g["bytes_per_call"] == 100'000);
  g = gauges.take({.cpu = 3s, .resident_bytes = 60'000'000, .threads = 9}, 100, 30s);
  CHECK(g["cpu_us_per_call_s"].get<double>() == doctest::Approx(1000));
  CHECK(g["threads"] == 9);
}

TEST_CASE("gauges: this process uses something") {
  const auto usage = usage_of_this_process();
  CHECK(usage.cpu > Nanos(0));
  CHECK(usage.resident_bytes > 1'000'000);
  CHECK(usage.threads >= 1);
}
