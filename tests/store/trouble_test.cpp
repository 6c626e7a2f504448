// A disk that refuses: calls go on, it is told once, and what waited is stored when it takes again.
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "engine/base/real_loop.hpp"
#include "tests/store/support.hpp"
#include "tests/support/full_disk.hpp"

using namespace parley;
using namespace parley::test;

namespace {

int count(const Json& events, const std::string& kind) {
  int n = 0;
  for (const auto& e : events) n += e["kind"] == kind;
  return n;
}

}  // namespace

TEST_CASE("store child: virtual time, the disk is full for a while" * doctest::skip()) {
  const char* url = std::getenv("STORE_TEST_URL");
  if (!url) return;
  VirtualStore v({.url = url, .mailbox_capacity = 50});
  std::vector<std::string> told;
  const auto tap = v.hub.subscribe([&](const EventPtr& e) {
    if (e->call.empty()) told.push_back(e->kind);
  });
  auto call = v.stream("c1");
  v.emit(call, "call.created");
  REQUIRE(v.store->flush());

  std::optional<FullDisk> full(4096);
  for (int i = 0; i < 30; ++i) v.emit(call, "speech.started");
  v.loop->pump_to(v.loop->now() + 10s);
  CHECK(told == std::vector<std::string>{"store.failed"});
  CHECK_FALSE(v.store->flush());
  CHECK(v.store->events_lost() == 0);
  for (int i = 0; i < 100; ++i) v.emit(call, "speech.stopped");
  v.loop->pump_to(v.loop->now() + 10s);
  CHECK(told == std::vector<std::string>{"store.failed"});
  CHECK(v.store->events_lost() == 51);  // the mailbox also holds store.failed

  full.reset();
  v.loop->pump_to(v.loop->now() + 10s);
  CHECK(told == std::vector<std::string>{"store.failed", "store.recovered", "events.lost"});
  CHECK(v.store->queries().events("c1", 0, 1000).value().size() == 1 + 30 + 49);
  const auto process = v.store->queries().events("", 0, 100).value();
  CHECK(count(process, "store.failed") == 1);
  CHECK(count(process, "events.lost") == 1);
}

TEST_CASE("store child: real time, the disk is full for a while" * doctest::skip()) {
  const char* url = std::getenv("STORE_TEST_URL");
  if (!url) return;
  EventHub hub;
  const auto clock = RealLoop::make();
  const auto store = opened({.url = url, .gather = 5ms, .retry = 20ms});
  store->follow(hub, clock);
  std::optional<FullDisk> full(4096);
  for (std::uint64_t seq = 1; seq <= 100; ++seq)
    hub.publish(std::make_shared<Event>(
        Event{.call = "c1", .seq = seq, .at = 0, .started_at = 0, .kind = "speech.started"}));
  CHECK(store->flush(200ms).error().find("100 events are not stored yet") == 0);
  full.reset();
  REQUIRE(store->flush(30s));
  CHECK(store->queries().events("c1", 0, 1000).value().size() == 100);
}

TEST_CASE(
    "store: a full disk is told once, loses only what cannot wait, and heals (virtual time)") {
  TemporaryFolder folder;
  Child child("store child: virtual time*", {{"STORE_TEST_URL", database_url(folder)}});
  CHECK(child.wait() == 0);
}

TEST_CASE("store: a full disk is told once, loses only what cannot wait, and heals (real time)") {
  TemporaryFolder folder;
  Child child("store child: real time*", {{"STORE_TEST_URL", database_url(folder)}});
  CHECK(child.wait() == 0);
}
