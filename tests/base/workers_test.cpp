#include "engine/base/workers.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>

using namespace parley;

TEST_CASE(
    "workers: a full queue refuses and counts; what was accepted is done before the pool goes") {
  std::atomic<int> done = 0;
  int accepted = 0;
  {
    std::latch hold(1);
    Workers pool(1, 3);
    for (int i = 0; i < 10; ++i)
      accepted += pool.submit([&] {
        hold.wait();
        ++done;
      });
    CHECK(accepted >= 3);
    CHECK(accepted <= 4);
    CHECK(pool.refused() == unsigned(10 - accepted));
    hold.count_down();
  }
  CHECK(done == accepted);
}

TEST_CASE("strand: its jobs run in order and never two at a time, on a pool of four") {
  std::vector<int> order;  // unguarded on purpose: TSan and the order show an overlap
  {
    Workers pool(4);
    const auto strand = Strand::make(pool, 1000);
    for (int i = 0; i < 500; ++i) REQUIRE(strand->submit([&order, i] { order.push_back(i); }));
  }
  REQUIRE(order.size() == 500);
  for (int i = 0; i < 500; ++i) CHECK(order[std::size_t(i)] == i);
}
