#include "engine/call/loop_choice.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace parley;

TEST_CASE("loop choice: the fewest calls of those on time; when none is, the least late") {
  struct Case {
    const char* name;
    std::vector<LoopLoad> loads;
    std::size_t index;
    bool on_time;
  };
  const Case cases[] = {
      {"one loop", {{1ms, 7}}, 0, true},
      {"all are idle", {{0ms, 0}, {0ms, 0}}, 0, true},
      {"a little later, but with fewer calls", {{0ms, 250}, {3ms, 249}}, 1, true},
      {"the emptier one is late", {{20ms, 9}, {21ms, 3}}, 0, true},
      {"all are late", {{40ms, 1}, {30ms, 9}}, 1, false},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    const auto choice = choose_loop(c.loads, 20ms);
    CHECK(choice.index == c.index);
    CHECK(choice.on_time == c.on_time);
  }
}

TEST_CASE("loop choice: calls that come one after the other are spread evenly") {
  std::vector<LoopLoad> loads{{0ms, 0}, {0ms, 0}, {0ms, 0}};
  for (int call = 0; call < 300; ++call) ++loads[choose_loop(loads, 20ms).index].calls;
  for (const auto& load : loads) CHECK(load.calls == 100);
}
