#include "plugins/rtp/grid.hpp"

#include <doctest/doctest.h>

using namespace parley;
using rtp::Grid;

namespace {

Nanos ms(double n) { return Nanos(std::int64_t(n * 1e6)); }

}  // namespace

TEST_CASE("grid: the next frame moves into the slot behind the arrival, the short way round") {
  struct Row {
    double next, arrival, expected;
  };
  // The slot is 2 ms behind the arrival, on any grid of 20 ms before or after it, and a whole
  // millisecond.
  constexpr Row rows[] = {{100, 5, 107},    {100, 13, 95},   {100, 98, 100},  {100, 1005, 107},
                          {100, 97, 100},   {100, 96, 98},   {100, 7.5, 110}, {1000, 985, 1007},
                          {100, 97.5, 100}, {100, 98.5, 100}};
  for (const auto& row : rows) {
    CAPTURE(row.arrival);
    Grid grid;
    grid.start(ms(row.next));
    grid.align(ms(row.arrival));
    CHECK(grid.next() == ms(row.expected));
  }
}

TEST_CASE("grid: it is moved again only when arrivals have been elsewhere for three seconds") {
  Grid grid;
  grid.start(1s);
  grid.align(1003ms);
  CHECK(grid.next() == 1005ms);
  const auto frames = [&](int count, Nanos arrival) {
    for (int i = 0; i < count; ++i) {
      grid.step();
      grid.align(arrival);
    }
    return grid.next() % 20ms;
  };
  CHECK(frames(149, 1007ms) == 5ms);
  CHECK(frames(1, 1003ms) == 5ms);  // it was for a moment only
  CHECK(frames(149, 1007ms) == 5ms);
  CHECK(frames(1, 1007ms) == 9ms);
}

TEST_CASE("grid: after a stall frames are left out, after a short delay none is") {
  Grid grid;
  grid.start(100ms);
  CHECK(grid.skip(159ms, 60ms) == 0);
  CHECK(grid.next() == 100ms);
  CHECK(grid.skip(1010ms, 60ms) == 45);
  CHECK(grid.next() == 1000ms);
}
