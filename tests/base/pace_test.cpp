#include "engine/base/pace.hpp"

#include <doctest/doctest.h>

using namespace parley;

namespace {

// `rate` events a second for a second; then, does it tick?
bool after_a_second(Pace& pace, Nanos& now, std::uint64_t rate) {
  for (int i = 0; i < 1000; ++i) {
    now += 1ms;
    pace.count(rate / 1000, now);
  }
  return pace.ticking();
}

}  // namespace

TEST_CASE("pace: few events are answered at once, many once a millisecond, and back") {
  Pace pace;
  Nanos now{0};
  CHECK_FALSE(after_a_second(pace, now, 3'000));
  CHECK_FALSE(after_a_second(pace, now, 10'000));
  CHECK(after_a_second(pace, now, 15'000));
  CHECK(after_a_second(pace, now, 10'000));  // it does not go back and forth
  CHECK_FALSE(after_a_second(pace, now, 3'000));
}

TEST_CASE("pace: after a long silence a burst alone does not make it tick") {
  Pace pace;
  Nanos now{0};
  pace.count(100'000, now);
  now += 60s;
  pace.count(1, now);
  CHECK_FALSE(pace.ticking());
}

TEST_CASE("pace: a slot is the next whole millisecond") {
  CHECK(Pace::slot(5ms) == 5ms);
  CHECK(Pace::slot(5ms + Nanos(1)) == 6ms);
  CHECK(Pace::slot(6ms - Nanos(1)) == 6ms);
}
