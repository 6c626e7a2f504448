#include "engine/store/store.hpp"

#include "engine/store/database.hpp"
#include "tests/store/support.hpp"

using namespace parley;
using namespace parley::test;

TEST_CASE("store: a second one on the same database is refused, a reader is not") {
  TemporaryFolder folder;
  auto first = opened({.url = database_url(folder)});
  const auto error = refused({.url = database_url(folder)});
  CHECK(error.find("is in use by process " + std::to_string(getpid())) != std::string::npos);
  CHECK(store::connect(folder / "test.db", store::Access::read));
  first.reset();
  CHECK(refused({.url = database_url(folder)}) == "");
}

TEST_CASE("store: a url that is no database says what one looks like") {
  CHECK(refused({.url = "postgresql://x"}).find("postgresql: is not built yet") == 0);
  for (const auto* url : {"", "parley.db", "sqlite:", "sqlite::memory:", "mysql:x"})
    CHECK(refused({.url = url}).find("must be \"sqlite:PATH\"") != std::string::npos);
}

TEST_CASE("store: a folder that is not there, and a file that is no database, are named") {
  TemporaryFolder folder;
  CHECK(refused({.url = "sqlite:" + folder / "no/x.db"}).find(folder / "no/x.db") !=
        std::string::npos);
  const auto path = folder / "text.db";
  FILE* file = fopen(path.c_str(), "w");
  for (int i = 0; i < 100; ++i) fputs("this is a letter, not a database\n", file);
  fclose(file);
  CHECK(refused({.url = "sqlite:" + path}).find(path) != std::string::npos);
}

TEST_CASE("store: migrations may come from a folder, and go backward") {
  TemporaryFolder folder;
  CHECK(refused({.url = database_url(folder), .migrations = folder / "none"}).find("cannot read") ==
        0);
  opened({.url = database_url(folder)}).reset();
  REQUIRE(store::Store::migrate({.url = database_url(folder)}, 0));
  opened({.url = database_url(folder)}).reset();
}

TEST_CASE("store: calls that were open are closed as interrupted at their last event's time") {
  TemporaryFolder folder;
  std::string last;
  {
    VirtualStore v({.url = database_url(folder)});
    auto live = v.stream("live"), over = v.stream("over");
    v.emit(live, "call.created");
    v.emit(over, "call.created");
    v.emit(live, "call.answered");
    v.emit(over, "call.ended", {{"reason", "cancelled"}});
    v.loop->pump_to(7s);
    v.emit(live, "speech.started");
    last = rfc3339(v.loop->utc_us());
  }
  auto store = opened({.url = database_url(folder)});
  CHECK(store->interrupted() == 1);
  const auto live = store->queries().call("live").value();
  CHECK(live["state"] == "ended");
  CHECK(live["end_reason"] == "interrupted");
  CHECK(live["ended_at"] == last);
  CHECK(store->queries().call("over").value()["end_reason"] == "cancelled");
  const auto events = store->queries().events("live", 0, 100).value();
  CHECK(events.back()["seq"] == 4);
  CHECK(events.back()["kind"] == "call.ended");
  CHECK(events.back()["body"]["reason"] == "interrupted");
  store.reset();
  CHECK(opened({.url = database_url(folder)})->interrupted() == 0);
}

TEST_CASE("store: remembers each agent's file once, as it was loaded last") {
  TemporaryFolder folder;
  auto store = opened({.url = database_url(folder)});
  REQUIRE(store->remember_agent({"reception", "a.toml", "1"}, 5));
  REQUIRE(store->remember_agent({"reception", "b.toml", "2"}, 6));
  store.reset();
  const auto sql = std::move(*store::connect(folder / "test.db", store::Access::read));
  int count = 0;
  std::string path;
  *sql << "SELECT count(*), max(path) FROM agents", soci::into(count), soci::into(path);
  CHECK(count == 1);
  CHECK(path == "b.toml");
}

TEST_CASE("store: the same calls give the same rows, byte for byte") {
  const auto run = [] {
    TemporaryFolder folder;
    VirtualStore v({.url = database_url(folder)});
    for (int i = 0; i < 20; ++i) {
      auto call = v.stream("c" + std::to_string(i));
      v.emit(call, "call.created");
      v.loop->pump_to(v.loop->now() + 33ms);
      v.emit(call, "agent.said", {{"text", "hello"}});
    }
    REQUIRE(v.store->flush());
    return v.store->queries().calls("", 200, "").value().dump() +
           v.store->queries().events("c7", 0, 10).value().dump();
  };
  CHECK(run() == run());
}
