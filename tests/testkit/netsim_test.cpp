#include "plugins/testkit/netsim.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "engine/base/sim_loop.hpp"
#include "plugins/testkit/net_port.hpp"

using namespace parley;
using namespace parley::testkit;

namespace {

std::vector<Fate> run(const NetSettings& settings, int packets) {
  NetSim net(settings);
  std::vector<Fate> fates;
  for (int n = 0; n < packets; ++n) fates.push_back(net.send(20ms * n));
  return fates;
}

double lost_percent(const std::vector<Fate>& fates) {
  return 100.0 * double(std::ranges::count_if(fates, [](const Fate& f) { return !f.arrives; })) /
         double(fates.size());
}

double mean_burst(const std::vector<Fate>& fates) {
  int lost = 0, spells = 0;
  bool before = false;
  for (const auto& f : fates) {
    lost += !f.arrives;
    spells += !f.arrives && !before;
    before = !f.arrives;
  }
  return double(lost) / spells;
}

}  // namespace

TEST_CASE("netsim: nothing happens on a good network but the delay") {
  const auto fates = run({.delay = 40ms}, 100);
  for (int n = 0; n < 100; ++n) {
    CHECK(*fates[std::size_t(n)].arrives == 20ms * n + 40ms);
    CHECK_FALSE(fates[std::size_t(n)].again);
  }
}

TEST_CASE("netsim: as many are lost as was asked for, in spells as long as was asked for") {
  for (const double loss : {1.0, 5.0, 10.0, 30.0, 60.0})
    for (const double burst : {1.0, 3.0, 8.0}) {
      CAPTURE(loss);
      CAPTURE(burst);
      const auto fates = run({.loss_percent = loss, .burst_packets = burst, .seed = 7}, 200'000);
      CHECK(lost_percent(fates) == doctest::Approx(loss).epsilon(0.1));
      // A spell is no shorter than chance makes it.
      const double least = 1 / (1 - loss / 100);
      CHECK(mean_burst(fates) == doctest::Approx(std::max(burst, least)).epsilon(0.1));
    }
}

TEST_CASE("netsim: jitter lets nobody overtake, reordering does; doubles come twice") {
  const auto jittery = run({.jitter = 60ms}, 5000);
  for (std::size_t n = 1; n < jittery.size(); ++n)
    CHECK(*jittery[n].arrives >= *jittery[n - 1].arrives);
  const auto mixed = run({.reorder_percent = 10, .duplicate_percent = 5}, 5000);
  int overtaken = 0, twice = 0;
  for (std::size_t n = 1; n < mixed.size(); ++n) {
    overtaken += *mixed[n].arrives < *mixed[n - 1].arrives;
    twice += bool(mixed[n].again);
  }
  CHECK(overtaken > 300);
  CHECK(overtaken < 600);
  CHECK(twice > 150);
  CHECK(twice < 350);
}

TEST_CASE("netsim: a slow clock falls behind by its share") {
  const auto fates = run({.skew_ppm = 300}, 50'001);  // 1,000 s
  CHECK(*fates.back().arrives - 20ms * 50'000 == 300ms);
}

TEST_CASE("netsim: the same seed is the same network, another one is not") {
  const NetSettings one{.loss_percent = 10, .burst_packets = 2, .jitter = 30ms, .seed = 1};
  auto two = one;
  two.seed = 2;
  const auto a = run(one, 1000), b = run(one, 1000), c = run(two, 1000);
  const auto same = [](const Fate& x, const Fate& y) { return x.arrives == y.arrives; };
  CHECK(std::ranges::equal(a, b, same));
  CHECK_FALSE(std::ranges::equal(a, c, same));
}

TEST_CASE("net port: what is sent arrives as the network has it") {
  const auto loop = SimLoop::make();
  auto [near, far] = make_wire(loop, {1, 1}, {2, 2});
  std::vector<Nanos> arrivals;
  far->receive(
      [&](std::span<const std::uint8_t>, const Address&) { arrivals.push_back(loop->now()); });
  NetPort port(loop, near, {.loss_percent = 20, .delay = 30ms, .duplicate_percent = 10});
  const auto start = loop->now();
  for (int n = 0; n < 500; ++n) {
    {
      Gate gate(*loop);
      CHECK(port.send(std::vector<std::uint8_t>{1, 2, 3}, {2, 2}));
    }
    loop->pump_to(start + 20ms * (n + 1));
  }
  loop->pump_to(loop->now() + 1s);
  const auto& counters = port.counters();
  CHECK(counters.sent == 500);
  CHECK(arrivals.size() == 500 - counters.lost + counters.duplicated);
  CHECK(counters.lost > 50);
  CHECK(arrivals.front() >= start + 30ms);
}
