#include "engine/base/event_hub.hpp"

#include <doctest/doctest.h>

#include "engine/base/sim_loop.hpp"

using namespace parley;

TEST_CASE("event stream: seq counts from 1, at is microseconds since the call began") {
  const auto loop = SimLoop::make();
  EventHub hub;
  std::vector<EventPtr> got;
  const auto subscription = hub.subscribe([&](const EventPtr& e) { got.push_back(e); });
  loop->pump_to(2s);
  Gate gate(*loop);
  EventStream stream(hub, *loop, "c1");
  stream.emit("call.created", {{"direction", "inbound"}});
  loop->pump_to(2s + 20ms);
  stream.emit("call.answered");
  REQUIRE(got.size() == 2);
  CHECK(got[0]->seq == 1);
  CHECK(got[0]->at == 0);
  CHECK(got[1]->seq == 2);
  CHECK(got[1]->at == 20'000);
  CHECK(
      to_json(*got[1]).dump() ==
      R"({"at":20000,"body":{},"call":"c1","kind":"call.answered","seq":2,"time":"2026-01-01T00:00:02.020000Z"})");
}

TEST_CASE("event hub: nothing reaches a subscriber that has let go") {
  EventHub hub;
  int got = 0;
  auto subscription = hub.subscribe([&](const EventPtr&) { ++got; });
  hub.publish(std::make_shared<Event>());
  subscription.reset();
  hub.publish(std::make_shared<Event>());
  CHECK(got == 1);
}

TEST_CASE("event hub: events of the process have no call and their own numbers") {
  const auto loop = SimLoop::make();
  EventHub hub;
  std::vector<EventPtr> got;
  const auto subscription = hub.subscribe([&](const EventPtr& e) { got.push_back(e); });
  hub.process(*loop, "engine.started", {});
  loop->pump_to(1s);
  hub.process(*loop, "engine.stopping", {});
  CHECK(got[1]->seq == 2);
  CHECK(got[1]->at == 1'000'000);
  CHECK(to_json(*got[0])["call"].is_null());
}
