#include "engine/call/ports.hpp"

#include <doctest/doctest.h>

#include <set>

#include "engine/base/real_loop.hpp"

using namespace parley;

TEST_CASE(
    "ports: even ones with the one above, each once, until there is none; one that is given back "
    "is used again") {
  const auto loop = RealLoop::make();
  Gate gate(*loop);
  Ports ports("127.0.0.1", {.first = 41001, .last = 41010});
  std::vector<PortPair> open;
  std::set<std::uint16_t> seen;
  std::string error;
  for (int i = 0; i < 6; ++i) {
    auto port = ports.open(loop);
    if (!port) {
      error = port.error();
      break;
    }
    CHECK(port->rtp->local().port % 2 == 0);
    CHECK(port->rtcp->local().port == port->rtp->local().port + 1);
    CHECK(seen.insert(port->rtp->local().port).second);
    open.push_back(*port);
  }
  CHECK(open.size() <= 5);
  CHECK_FALSE(open.empty());
  CHECK(error.find("41001-41010") != std::string::npos);
  CHECK(ports.in_use() == open.size());
  const auto freed = open.back().rtp->local().port;
  open.pop_back();
  ports.give_back(freed);
  const auto again = ports.open(loop);
  REQUIRE(again);
  CHECK(again->rtp->local().port == freed);
}

TEST_CASE("ports: an address that is none is an error that names it") {
  const auto loop = RealLoop::make();
  Gate gate(*loop);
  const auto opened = Ports("not-an-address", {}).open(loop);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().find("not-an-address") != std::string::npos);
}
