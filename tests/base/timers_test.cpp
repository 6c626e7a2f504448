#include "engine/base/timers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>

using namespace parley;

namespace {

// Fires all that is due by `until`.
void fire(Timers& timers, Nanos until) {
  while (auto due = timers.take(until)) due->task();
}

}  // namespace

TEST_CASE("timers: they fire by their moment, and in the order of the asking when it is the same") {
  Timers timers;
  std::string fired;
  for (const auto& [when, name] : {std::pair(2ms, 'c'), {1ms, 'a'}, {2ms, 'd'}, {1ms, 'b'}})
    timers.add(when, [&fired, name = name] { fired += name; });
  CHECK(timers.next() == Nanos(1ms));
  fire(timers, 1ms);
  CHECK(fired == "ab");
  fire(timers, 5ms);
  CHECK(fired == "abcd");
  CHECK(timers.empty());
  CHECK_FALSE(timers.next());
}

TEST_CASE("timers: a cancelled one does not fire, is not the next, and its task is gone at once") {
  Timers timers;
  auto owned = std::make_shared<int>();
  bool fired = false;
  const auto first = timers.add(1ms, [&fired, owned] { fired = true; });
  timers.add(2ms, [] {});
  timers.cancel(first);
  CHECK(owned.use_count() == 1);
  CHECK(timers.next() == Nanos(2ms));
  fire(timers, 1s);
  CHECK_FALSE(fired);
}

TEST_CASE("timers: an id that has fired does not cancel what took its place") {
  Timers timers;
  bool fired = false;
  const auto old = timers.add(1ms, [] {});
  fire(timers, 1ms);
  timers.add(2ms, [&] { fired = true; });
  timers.cancel(old);
  timers.cancel(0);
  fire(timers, 2ms);
  CHECK(fired);
}

TEST_CASE("timers: a task may set, and its destruction may cancel, others") {
  Timers timers;
  int fired = 0;
  struct Canceller {
    Timers& timers;
    Timers::Id other;
    ~Canceller() { timers.cancel(other); }
  };
  const auto other = timers.add(9ms, [&] { ++fired; });
  const auto owner = timers.add(
      5ms, [held = std::make_shared<Canceller>(timers, other)] { CHECK(held != nullptr); });
  timers.add(1ms, [&] { timers.add(2ms, [&] { ++fired; }); });
  fire(timers, 3ms);
  CHECK(fired == 1);
  timers.cancel(owner);
  fire(timers, 1s);
  CHECK(fired == 1);
}

TEST_CASE("timers: however many are set and cancelled, the rest fire in order") {
  Timers timers;
  std::mt19937 random(7);
  std::vector<std::pair<Nanos, int>> wanted, fired;
  std::vector<Timers::Id> doomed;
  for (int i = 0; i < 20'000; ++i) {
    const Nanos when = 1us * int(random() % 1000);
    if (random() % 4 == 0) {
      wanted.emplace_back(when, i);
      timers.add(when, [&fired, when, i] { fired.emplace_back(when, i); });
    } else {
      doomed.push_back(timers.add(when, [&] { fired.emplace_back(-1, -1); }));
    }
    if (doomed.size() > 100) {
      std::shuffle(doomed.begin(), doomed.end(), random);
      for (const auto id : doomed) timers.cancel(id);
      doomed.clear();
    }
  }
  for (const auto id : doomed) timers.cancel(id);
  fire(timers, 1s);
  std::ranges::sort(wanted);
  CHECK(fired == wanted);
  CHECK(timers.empty());
}
