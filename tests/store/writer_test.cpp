#include "engine/store/writer.hpp"

#include "engine/base/real_loop.hpp"
#include "tests/store/support.hpp"

using namespace parley;
using namespace parley::test;

namespace {

std::size_t stored_events(store::Store& store, const std::string& call) {
  return store.queries().events(call, 0, 1000).value().size();
}

}  // namespace

TEST_CASE("writer: in virtual time an event is stored 40 ms after the first of its group") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  auto call = v.stream("c1");
  v.emit(call, "call.created", {{"direction", "inbound"}});
  v.loop->pump_to(30ms);
  v.emit(call, "call.answered");
  v.loop->pump_to(39ms);
  CHECK(stored_events(*v.store, "c1") == 0);
  v.loop->pump_to(40ms);
  CHECK(stored_events(*v.store, "c1") == 2);
  v.emit(call, "speech.started");
  v.loop->pump_to(80ms);
  CHECK(stored_events(*v.store, "c1") == 3);
  CHECK(v.store->events_stored() == 3);
}

TEST_CASE("writer: a full mailbox refuses, counts, and the count is an event") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder), .mailbox_capacity = 3});
  auto call = v.stream("c1");
  for (int i = 0; i < 5; ++i) v.emit(call, "speech.started");
  v.loop->pump_to(40ms);
  CHECK(stored_events(*v.store, "c1") == 3);
  CHECK(v.store->events_lost() == 2);
  v.loop->pump_to(80ms);
  const auto told = v.store->queries().events("", 0, 10).value();
  REQUIRE(told.size() == 1);
  CHECK(told[0]["kind"] == "events.lost");
  CHECK(told[0]["body"] == Json{{"subscriber", "store"}, {"count", 2}});
  v.loop->pump_to(1s);
  CHECK(stored_events(*v.store, "") == 1);
}

TEST_CASE("writer: a call whose first event was lost is stored all the same") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  v.hub.publish(std::make_shared<Event>(
      Event{.call = "c1", .seq = 7, .at = 5, .started_at = 1'000'000, .kind = "call.answered"}));
  REQUIRE(v.store->flush());
  const auto call = v.store->queries().call("c1").value();
  CHECK(call["state"] == "live");
  CHECK(call["started_at"] == "1970-01-01T00:00:01.000000Z");
}

TEST_CASE(
    "writer: an event that cannot be stored is dropped and counted, its neighbours are stored") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  const auto publish = [&](std::uint64_t seq, const std::string& kind, Json body) {
    v.hub.publish(std::make_shared<Event>(Event{.call = "c1",
                                                .seq = seq,
                                                .at = 0,
                                                .started_at = 0,
                                                .kind = kind,
                                                .body = std::move(body)}));
  };
  Json deep = 1;  // deeper than SQLite's JSON goes: the merge of the metadata fails
  for (int i = 0; i < 2010; ++i) deep = Json::array({deep});
  publish(1, "speech.started", {});
  publish(2, "slot.filled", {{"slot", "x"}, {"value", deep}});
  publish(3, "speech.stopped", {});
  REQUIRE(v.store->flush());
  CHECK(v.store->events_stored() == 2);
  CHECK(v.store->events_lost() == 1);
  REQUIRE(v.store->flush());
  CHECK(v.store->queries().events("", 0, 10).value()[0]["kind"] == "events.lost");
}

TEST_CASE("writer: the same event twice is stored once") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  const auto said = std::make_shared<Event>(Event{.call = "c1",
                                                  .seq = 1,
                                                  .at = 0,
                                                  .started_at = 0,
                                                  .kind = "agent.said",
                                                  .body = {{"text", "hi"}}});
  v.hub.publish(said);
  REQUIRE(v.store->flush());
  v.hub.publish(said);
  REQUIRE(v.store->flush());
  CHECK(stored_events(*v.store, "c1") == 1);
  CHECK(v.store->queries().call("c1").value()["transcript"].size() == 1);
}

TEST_CASE("writer: in real time what four threads publish is stored, each call's in order") {
  TemporaryFolder folder;
  EventHub hub;
  const auto clock = RealLoop::make();
  const auto store = opened({.url = database_url(folder)});
  store->follow(hub, clock);
  {
    std::vector<std::jthread> publishers;
    for (int t = 0; t < 4; ++t)
      publishers.emplace_back([&, call = "c" + std::to_string(t)] {
        for (int seq = 1; seq <= 250; ++seq)
          hub.publish(
              std::make_shared<Event>(Event{.call = call,
                                            .seq = std::uint64_t(seq),
                                            .at = seq,
                                            .started_at = 0,
                                            .kind = "dtmf.received",
                                            .body = {{"digit", std::to_string(seq % 10)}}}));
      });
  }
  REQUIRE(store->flush(30s));
  CHECK(store->events_stored() == 1000);
  for (int t = 0; t < 4; ++t) {
    const auto call = store->queries().call("c" + std::to_string(t)).value();
    REQUIRE(call["transcript"].size() == 250);
    for (int i = 0; i < 250; ++i) CHECK(call["transcript"][i]["at"] == i + 1);
  }
}

TEST_CASE("writer: the end stores what has gathered") {
  TemporaryFolder folder;
  EventHub hub;
  const auto clock = RealLoop::make();
  auto store = opened({.url = database_url(folder), .gather = 60s});
  store->follow(hub, clock);
  hub.process(*clock, "engine.started", {});
  store.reset();
  store = opened({.url = database_url(folder)});
  CHECK(stored_events(*store, "") == 1);
}
