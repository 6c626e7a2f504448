#include "plugins/rtp/effort.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using rtp::Effort;

TEST_CASE("effort: it is halved while the loop is late and comes back step by step") {
  Effort effort;
  Nanos now{0};
  std::string levels;
  for (const Nanos late :
       {0us, 250us, 2000us, 30000us, 2000us, 2000us, 2000us, 750us, 250us, 0us}) {
    CHECK(effort.due(now));
    levels += std::to_string(effort.look(8, late, now)) + ' ';
    CHECK_FALSE(effort.due(now));
    now += Effort::look_every;
  }
  CHECK(levels == "8 8 4 2 1 0 0 0 1 2 ");
}

TEST_CASE("effort: never more than is wanted now") {
  Effort effort;
  CHECK(effort.look(10, 5ms, 0s) == 5);
  CHECK(effort.look(3, 750us, 1s) == 0);
  CHECK(effort.look(3, 0us, 2s) == 1);
  for (int i = 3; i < 9; ++i) effort.look(3, 0us, 1s * i);
  CHECK(effort.look(3, 0us, 9s) == 3);
}
