#include "engine/sip/timer_wheel.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace parley;
using namespace parley::sip;

using Keys = std::vector<std::uint64_t>;

TEST_CASE("timer_wheel: a timer fires at the step after its time, once") {
  TimerWheel wheel(0s);
  wheel.start(120ms, 1);
  CHECK(wheel.next() == 150ms);
  CHECK(wheel.advance(149ms).empty());
  CHECK(wheel.advance(150ms) == Keys{1});
  CHECK(wheel.advance(10s).empty());
  CHECK_FALSE(wheel.next());
}

TEST_CASE("timer_wheel: many come in the order of their times, however late it is asked") {
  TimerWheel wheel(5s);
  wheel.start(9s, 3);
  wheel.start(6s, 1);
  wheel.start(6s, 2);
  wheel.start(200s, 4);
  CHECK(wheel.advance(300s) == Keys{1, 2, 3, 4});
  CHECK(wheel.size() == 0);
}

TEST_CASE("timer_wheel: what lies rounds away waits for its own") {
  TimerWheel wheel(0s);
  constexpr auto round = TimerWheel::step * std::int64_t(TimerWheel::slots);
  wheel.start(3 * round + 100ms, 7);
  for (auto now = Nanos(0); now < 3 * round + 100ms; now += 50ms)
    REQUIRE(wheel.advance(now).empty());
  CHECK(wheel.advance(3 * round + 100ms) == Keys{7});
}

TEST_CASE("timer_wheel: a stopped timer does not fire, and may be stopped twice") {
  TimerWheel wheel(0s);
  const auto id = wheel.start(1s, 1);
  wheel.start(1s, 2);
  wheel.stop(id);
  wheel.stop(id);
  wheel.stop(0);
  CHECK(wheel.advance(2s) == Keys{2});
}

TEST_CASE("timer_wheel: a time that has passed means the next step") {
  TimerWheel wheel(10s);
  wheel.start(1s, 1);
  CHECK(wheel.advance(10s).empty());
  CHECK(wheel.advance(10s + TimerWheel::step) == Keys{1});
}
