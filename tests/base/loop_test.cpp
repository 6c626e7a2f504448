#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>

#include <algorithm>
#include <future>
#include <latch>
#include <limits>

#include "engine/base/real_loop.hpp"
#include "engine/base/sim_loop.hpp"

using namespace parley;

namespace {

// A little world of timers, posts and jobs of uneven real cost, as text.
std::string story(unsigned seed) {
  Workers workers(3);
  const auto loop = SimLoop::make();
  std::string log;
  const auto say = [&](const std::string& what) {
    log += std::to_string(to_us(loop->now())) + " " + what + "\n";
  };
  std::function<void(int, int)> live = [&](int call, int step) {
    say("call " + std::to_string(call) + " step " + std::to_string(step));
    if (step == 20) return;
    const bool taken = loop->job(workers, 5ms, [&, call, step, seed]() -> Loop::Task {
      volatile unsigned spin = (seed * 7919u + unsigned(call * 31 + step)) % 5000;  // uneven work
      while (spin) spin = spin - 1;
      return
          [&, call, step] { say("result " + std::to_string(call) + "/" + std::to_string(step)); };
    });
    CHECK(taken);
    CHECK(loop->post([&, call] { say("post " + std::to_string(call)); }));
    loop->after(Nanos(1ms) * (1 + (call * 7 + step * 3) % 11),
                [&, call, step] { live(call, step + 1); });
  };
  {
    Gate gate(*loop);
    for (int call = 0; call < 50; ++call)
      loop->at(Nanos(1ms) * (call % 5), [&, call] { live(call, 0); });
  }
  loop->pump_to(10s);
  return log;
}

// Runs on the loop and waits for it.
void on(Loop& loop, std::function<void()> task) {
  std::promise<void> done;
  REQUIRE(loop.post([&] {
    task();
    done.set_value();
  }));
  done.get_future().wait();
}

}  // namespace

TEST_CASE("sim loop: the same story, byte for byte, whatever the workers cost") {
  const auto first = story(1);
  CHECK(first.size() > 10'000);
  for (unsigned seed = 2; seed < 6; ++seed) CHECK(story(seed) == first);
}

TEST_CASE("sim loop: timers fire in order of time, then of asking; a cancelled one never") {
  const auto loop = SimLoop::make();
  std::string order;
  {
    Gate gate(*loop);
    loop->at(20ms, [&] { order += 'c'; });
    loop->at(10ms, [&] { order += 'a'; });
    loop->at(10ms, [&] { order += 'b'; });
    const auto never = loop->at(15ms, [&] { order += 'x'; });
    loop->cancel(never);
    loop->cancel(never);
  }
  loop->pump_to(15ms);
  CHECK(order == "ab");
  CHECK(loop->now() == 15ms);
  loop->pump_to(20ms);
  CHECK(order == "abc");
}

TEST_CASE(
    "sim loop: a job's result comes at asked + cost, and pumping inside a dispatch does nothing") {
  const auto loop = SimLoop::make();
  Workers workers(2);
  Nanos at{};
  {
    Gate gate(*loop);
    CHECK(loop->job(workers, 30ms, [&]() -> Loop::Task { return [&] { at = loop->now(); }; }));
    loop->at(10ms, [&] { loop->pump_to(1s); });
  }
  loop->pump_to(10ms);
  CHECK(loop->now() == 10ms);
  CHECK(loop->pump_until([&] { return at != Nanos(0); }, 1s));
  CHECK(at == 30ms);
}

TEST_CASE("real loop: posts, timers, sockets and jobs all arrive on its thread, holding the gate") {
  auto loop = RealLoop::make();
  loop->start();
  Workers workers(2);
  const int fd = eventfd(0, EFD_NONBLOCK);
  std::latch arrived(4);
  std::atomic<int> wrong = 0;
  const auto check = [&] {
    wrong += !loop->here();
    arrived.count_down();
  };
  on(*loop, [&] {
    loop->after(1ms, check);
    CHECK(loop->job(workers, {}, [&]() -> Loop::Task { return check; }));
    loop->watch(fd, [&] {
      loop->unwatch(fd);
      check();
    });
    CHECK(loop->post(check));
  });
  const std::uint64_t one = 1;
  REQUIRE(write(fd, &one, sizeof one) == sizeof one);
  arrived.wait();
  loop->stop();
  CHECK(wrong == 0);
  close(fd);
}

TEST_CASE("real loop: a foreign thread that holds the gate is on the loop") {
  auto loop = RealLoop::make();
  loop->start();
  int shared = 0;  // unguarded on purpose: the gate is what guards it
  std::latch fired(1);
  {
    Gate gate(*loop);
    loop->after(1ms, [&] {
      ++shared;
      fired.count_down();
    });
    for (int i = 0; i < 1000; ++i) ++shared;
  }
  fired.wait();
  loop->stop();
  CHECK(shared == 1001);
}

TEST_CASE(
    "real loop: stop() drops what was posted and timed, and a job that comes late finds nobody") {
  auto workers = std::make_unique<Workers>(1);
  auto loop = RealLoop::make();
  loop->start();
  auto token = std::make_shared<int>(0);
  std::latch hold(1);
  on(*loop, [&] {
    loop->after(std::chrono::hours(1), [token] {});
    CHECK(loop->job(*workers, {}, [&hold, token]() -> Loop::Task {
      hold.wait();
      return [token] {};
    }));
  });
  loop->stop();
  loop.reset();
  hold.count_down();
  workers.reset();
  CHECK(token.use_count() == 1);
}

TEST_CASE("lateness: quantiles of a known set") {
  Lateness l;
  for (int i = 1; i <= 100; ++i) l.add(Nanos(1ms) * i / 10);
  CHECK(l.quantile(0.5) >= 5ms);
  CHECK(l.quantile(0.5) <= 5200us);
  CHECK(l.quantile(0.99) >= 9900us);
  CHECK(l.max() == 10ms);
  l.reset();
  CHECK(l.quantile(0.5) == Nanos(0));
}

TEST_CASE("recent lateness: of the last second or two, and nothing when hardly a timer fired") {
  RecentLateness l;
  Nanos now = 100s;
  const auto fire = [&](int timers, Nanos late) {
    for (int i = 0; i < timers; ++i) l.add(late, now);
  };
  fire(900, 20ms);
  CHECK(l.p99(now) == Nanos(0));  // too few to say anything
  fire(9000, 100us);
  CHECK(l.p99(now) > 20ms);  // more than one in a hundred
  CHECK(l.p99(now) <= 20ms + RecentLateness::step);
  now += 1s;
  CHECK(l.p99(now) > 20ms);
  fire(90'000, 100us);
  CHECK(l.p99(now) == RecentLateness::step);
  now += 2s;
  CHECK(l.p99(now) == Nanos(0));  // it has been idle since
  fire(1000, 3s);
  CHECK(l.p99(now) == RecentLateness::step * 128);  // the last step has no upper end
}

TEST_CASE("real loop: when it is busy nothing is lost and timers still fire in order") {
  auto loop = RealLoop::make();
  loop->start();
  constexpr int rounds = 300, timers_a_round = 60;  // 60,000 events a second
  std::vector<int> order;
  std::promise<void> done;
  int round = 0;
  std::function<void()> next = [&] {
    for (int i = 0; i < timers_a_round; ++i)
      loop->after(1ms, [&, i, round] { order.push_back(round * timers_a_round + i); });
    if (++round < rounds) {
      loop->after(1ms, [&] { next(); });
    } else {
      loop->after(3ms, [&] { done.set_value(); });
    }
  };
  REQUIRE(loop->post([&] { next(); }));
  done.get_future().wait();
  loop->stop();
  CHECK(order.size() == rounds * timers_a_round);
  CHECK(std::ranges::is_sorted(order));
}

TEST_CASE(
    "real loop: numbers next to nothing are nothing, so that filters that die away cost nothing") {
  auto loop = RealLoop::make();
  loop->start();
  std::promise<float> result;
  REQUIRE(loop->post([&] {
    volatile float tiny = std::numeric_limits<float>::min();
    tiny = tiny * 0.5F;
    result.set_value(float(tiny));
  }));
  CHECK(result.get_future().get() == 0);
  loop->stop();
}

TEST_CASE(
    "real loop: sockets are read in the middle of a burst of posted tasks, which stay in order") {
  auto loop = RealLoop::make();
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  std::vector<int> ran;
  std::size_t ran_before_the_packet = 0;
  constexpr int tasks = 100;
  std::promise<void> done;
  REQUIRE(loop->post([&] {
    loop->watch(ends[0], [&] {
      char byte;
      REQUIRE(read(ends[0], &byte, 1) == 1);
      ran_before_the_packet = ran.size();
    });
    REQUIRE(write(ends[1], "x", 1) == 1);
  }));
  for (int i = 0; i < tasks; ++i)
    REQUIRE(loop->post([&, i] {
      const auto until = loop->now() + 200us;
      while (loop->now() < until) {
      }
      ran.push_back(i);
      if (i + 1 == tasks) done.set_value();
    }));
  loop->start();
  done.get_future().wait();
  loop->stop();
  close(ends[0]);
  close(ends[1]);
  CHECK(ran_before_the_packet < 20);
  CHECK(std::ranges::is_sorted(ran));
}
