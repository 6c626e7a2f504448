// Both kinds of PacketPort: the wire in virtual time, the UDP socket on a real loop.
#include "plugins/rtp/packet_port.hpp"

#include <doctest/doctest.h>

#include <future>
#include <latch>
#include <vector>

#include "engine/base/real_loop.hpp"
#include "engine/base/sim_loop.hpp"

using namespace parley;
using Bytes = std::vector<std::uint8_t>;

namespace {

constexpr Address a{0x0a000001, 4000}, b{0x0a000002, 5000};

// Runs on the loop and waits for it.
void on(Loop& loop, std::function<void()> task) {
  std::promise<void> done;
  REQUIRE(loop.post([&] {
    task();
    done.set_value();
  }));
  done.get_future().wait();
}

Address loopback(std::uint16_t port) { return *parse_address("127.0.0.1", port); }

std::shared_ptr<PacketPort> open(LoopRef loop) { return *open_udp_port(loop, loopback(0)); }

}  // namespace

TEST_CASE("address: reads and prints numeric IPv4, and says what is wrong with anything else") {
  const auto good = parse_address("192.168.1.20", 5004);
  REQUIRE(good);
  CHECK(good->ip == 0xc0a80114);
  CHECK(to_string(*good) == "192.168.1.20:5004");
  for (const char* bad : {"", "localhost", "1.2.3", "1.2.3.256", "::1", "1.2.3.4 "}) {
    const auto r = parse_address(bad, 1);
    REQUIRE_FALSE(r);
    CHECK(r.error().find("'" + std::string(bad) + "'") != std::string::npos);
  }
  CHECK_FALSE(bool(Address{.ip = 1}));
}

TEST_CASE("wire: packets arrive in order, after the delay, with the sender's address") {
  const auto loop = SimLoop::make();
  const auto [one, two] = make_wire(loop, a, b, 30ms);
  std::vector<Bytes> got;
  Gate gate(*loop);
  two->receive([&](std::span<const std::uint8_t> p, const Address& from) {
    CHECK(from == a);
    got.emplace_back(p.begin(), p.end());
  });
  CHECK(one->send(Bytes{1}, b));
  CHECK(one->send(Bytes{2}, b));
  loop->pump_to(29ms);
  CHECK(got.empty());
  loop->pump_to(30ms);
  CHECK(got == std::vector<Bytes>{{1}, {2}});
}

TEST_CASE("wire: what goes elsewhere, or finds nobody, is gone") {
  const auto loop = SimLoop::make();
  auto [one, two] = make_wire(loop, a, b);
  int got = 0;
  Gate gate(*loop);
  two->receive([&](auto, auto) {
    ++got;
    two->receive({});  // stops itself
  });
  CHECK(one->send(Bytes{1}, a));
  loop->pump_to(1ms);
  CHECK(got == 0);
  CHECK(one->send(Bytes{1}, b));
  CHECK(one->send(Bytes{1}, b));
  loop->pump_to(2ms);
  CHECK(got == 1);
  two.reset();
  CHECK(one->send(Bytes{1}, b));
  loop->pump_to(3ms);
}

TEST_CASE("udp port: a datagram sent from one arrives at the other, on the loop") {
  auto loop = RealLoop::make();
  loop->start();
  std::shared_ptr<PacketPort> one, two;
  std::latch arrived(2);
  std::vector<Bytes> got;
  bool right = true;
  on(*loop, [&] {
    one = open(loop);
    two = open(loop);
    right &= one->local().port != 0 && one->local() != two->local();
    two->receive([&](std::span<const std::uint8_t> p, const Address& from) {
      right &= loop->here() && from == one->local();
      got.emplace_back(p.begin(), p.end());
      arrived.count_down();
    });
    right &= one->send(Bytes{1, 2, 3}, two->local());
    right &= one->send(Bytes{}, two->local());
  });
  arrived.wait();
  on(*loop, [&] {
    CHECK(right);
    CHECK(got == std::vector<Bytes>{{1, 2, 3}, {}});
    CHECK(one->unsent() == 0);
    CHECK_FALSE(one->send(Bytes(100'000), two->local()));
    CHECK(one->unsent() == 1);
    two->receive({});
  });
  one.reset();  // from a foreign thread, while the loop runs
  two.reset();
  loop->stop();
}

TEST_CASE("udp port: what is sent before anybody listens is there when somebody does") {
  auto loop = RealLoop::make();
  loop->start();
  std::latch arrived(1);
  std::shared_ptr<PacketPort> one, two;
  on(*loop, [&] {
    one = open(loop);
    two = open(loop);
    CHECK(one->send(Bytes{7}, two->local()));
  });
  on(*loop, [&] { two->receive([&](auto, auto) { arrived.count_down(); }); });
  arrived.wait();
  on(*loop, [&] { two.reset(); });
  loop->stop();
}

TEST_CASE("udp port: whoever receives may drop the port in the middle of a packet") {
  auto loop = RealLoop::make();
  loop->start();
  std::promise<std::string> heard;
  std::shared_ptr<PacketPort> one, two;
  on(*loop, [&] {
    one = open(loop);
    two = open(loop);
    two->receive([&, word = std::string("what it holds is still there")](auto, auto) {
      two.reset();
      heard.set_value(word);
    });
    for (int i = 0; i < 2; ++i) CHECK(one->send(Bytes{7}, two->local()));  // one is not read
  });
  CHECK(heard.get_future().get() == "what it holds is still there");
  on(*loop, [&] { one.reset(); });
  loop->stop();
}

TEST_CASE("udp port: a port in use and an address that is not ours are said by name") {
  auto loop = RealLoop::make();
  auto first = open(loop);
  const auto again = open_udp_port(loop, first->local());
  REQUIRE_FALSE(again);
  CHECK(again.error().find(to_string(first->local())) != std::string::npos);
  const auto foreign = open_udp_port(loop, {0xc0000201, 0});  // 192.0.2.1, for documentation
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().find("cannot bind UDP 192.0.2.1:0") == 0);
}
