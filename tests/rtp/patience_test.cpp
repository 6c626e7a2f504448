#include "plugins/rtp/patience.hpp"

#include <doctest/doctest.h>

#include <random>

#include "plugins/rtp/arrivals.hpp"

using namespace parley;
using rtp::Arrivals;
using rtp::Patience;

TEST_CASE("patience: the wait covers all but a few in a thousand") {
  for (const int range_ms : {3, 17, 42, 90, 200}) {
    CAPTURE(range_ms);
    std::mt19937 random(7);
    Patience patience;
    int beyond = 0;
    for (int i = 0; i < 20000; ++i) {
      const Nanos late = Nanos(1us) * (random() % unsigned(range_ms * 1000));
      if (i > 2000) beyond += late > patience.wait();
      patience.note(late);
    }
    CHECK(beyond <= 18000 * 0.005);
    CHECK(patience.wait() <= Nanos(1ms) * range_ms + Patience::step);
  }
}

TEST_CASE("patience: one in a thousand is not waited for; a better network is noticed") {
  Patience patience;
  for (int i = 1; i < 5000; ++i) patience.note(i % 1000 == 999 ? Nanos(150ms) : Nanos(0));
  CHECK(patience.wait() == Nanos(0));
  for (int i = 0; i < 1000; ++i) patience.note(i % 2 ? Nanos(60ms) : Nanos(0));
  CHECK(patience.wait() == 65ms);
  for (int i = 0; i < 20000; ++i) patience.note({});
  CHECK(patience.wait() == Nanos(0));
  patience.note(10s);
  CHECK(patience.wait() <= Patience::longest);
}

TEST_CASE("arrivals: a packet's delay is what it took beyond the fastest") {
  Arrivals arrivals;
  CHECK_FALSE(arrivals.note(0xffffff60, 100ms, 8000).sure);
  CHECK(arrivals.note(0, 125ms, 8000).delay == 5ms);
  CHECK(arrivals.note(160, 130ms, 8000).delay == Nanos(0));  // the fastest so far, by 10 ms
  CHECK(arrivals.note(320, 150ms, 8000).delay == Nanos(0));
  CHECK(arrivals.note(480, 173ms, 8000).delay == 3ms);
  CHECK_FALSE(arrivals.note(480, 193ms, 8000).sure);
  CHECK_FALSE(arrivals.note(480 + 80000, 200ms, 8000).sure);  // a leap: measured anew
  CHECK(arrivals.note(640 + 80000, 222ms, 8000).delay == 2ms);
}

TEST_CASE("arrivals: a slow clock and a longer way are followed") {
  Arrivals arrivals;
  Nanos worst{0};
  for (int n = 0; n < 60 * 50; ++n)
    worst =
        std::max(worst, arrivals.note(std::uint32_t(n) * 960, Nanos(20'006'000) * n, 48000).delay);
  CHECK(worst < 4ms);
  Nanos last{0};
  for (int n = 60 * 50; n < 75 * 50; ++n)
    last = arrivals.note(std::uint32_t(n) * 960, Nanos(20'006'000) * n + 50ms, 48000).delay;
  CHECK(last < 4ms);
}
