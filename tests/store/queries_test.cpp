#include "engine/store/queries.hpp"

#include <set>

#include "tests/store/support.hpp"

using namespace parley;
using namespace parley::test;

namespace {

void place_calls(VirtualStore& v, int count) {
  for (int i = 0; i < count; ++i) {
    auto call = v.stream("call-" + std::to_string(i));
    v.emit(call, "call.created", {{"direction", "inbound"}, {"from", "sip:caller"}});
    if (i % 2) v.emit(call, "call.answered");
    if (i % 4 == 3) v.emit(call, "call.ended", {{"reason", "caller_hangup"}});
    v.loop->pump_to(v.loop->now() + 1s);
  }
  REQUIRE(v.store->flush());
}

}  // namespace

TEST_CASE("queries: one call has its row, times in RFC 3339, merged metadata and transcript") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  auto call = v.stream("c1");
  v.emit(call, "call.created",
         {{"direction", "outbound"},
          {"from", "sip:us"},
          {"to", "sip:them"},
          {"agent", "reception"},
          {"external_id", "x"}});
  v.loop->pump_to(2s);
  v.emit(call, "call.answered");
  v.emit(call, "recording.started", {{"path", "/r/c.wav"}, {"format", "wav"}});
  v.emit(call, "agent.interrupted", {{"text", "Hello there"}, {"heard_text", "Hello"}});
  v.emit(call, "transcript.final", {{"text", "It is Ada"}});
  v.emit(call, "slot.filled", {{"slot", "name"}, {"value", "Eva"}});
  v.emit(call, "slot.filled", {{"slot", "name"}, {"value", "Ada"}});
  v.emit(call, "slot.filled", {{"slot", "reason"}, {"value", "a \"flat\" tyre"}});
  v.emit(call, "tool.returned",
         {{"id", "t"}, {"name", "end_call"}, {"result", "{}"}, {"ok", false}});
  v.emit(call, "call.escalated", {{"reason", "asked"}});
  v.loop->pump_to(3s);
  v.emit(call, "call.ended", {{"reason", "agent_hangup"}});
  REQUIRE(v.store->flush());

  auto got = v.store->queries().call("c1").value();
  const auto transcript = got["transcript"];
  got.erase("transcript");
  CHECK(got == Json{{"id", "c1"},
                    {"external_id", "x"},
                    {"organization_id", "00000000-0000-7000-8000-000000000000"},
                    {"direction", "outbound"},
                    {"from_uri", "sip:us"},
                    {"to_uri", "sip:them"},
                    {"agent", "reception"},
                    {"state", "ended"},
                    {"end_reason", "agent_hangup"},
                    {"started_at", "2026-01-01T00:00:00.000000Z"},
                    {"answered_at", "2026-01-01T00:00:02.000000Z"},
                    {"ended_at", "2026-01-01T00:00:03.000000Z"},
                    {"recording", "/r/c.wav"},
                    {"metadata",
                     {{"name", "Ada"},
                      {"reason", "a \"flat\" tyre"},
                      {"escalated", true},
                      {"escalation_reason", "asked"}}}});
  REQUIRE(transcript.size() == 3);
  CHECK(transcript[0] == Json{{"sequence_number", 1},
                              {"at", 2'000'000},
                              {"time", "2026-01-01T00:00:02.000000Z"},
                              {"entry_type", "speech"},
                              {"speaker", "agent"},
                              {"text", "Hello there"},
                              {"heard_text", "Hello"},
                              {"tool_id", nullptr},
                              {"tool_name", nullptr},
                              {"tool_arguments", nullptr},
                              {"tool_result", nullptr},
                              {"tool_ok", nullptr}});
  CHECK(transcript[1]["text"] == "It is Ada");
  CHECK(transcript[1]["heard_text"].is_null());
  CHECK(transcript[2]["sequence_number"] == 3);
  CHECK(transcript[2]["tool_ok"] == false);
}

TEST_CASE("queries: a call that is not there is null") {
  TemporaryFolder folder;
  CHECK(opened({.url = database_url(folder)})->queries().call("nobody").value().is_null());
}

TEST_CASE("queries: pages of calls, newest first, meet without overlap or gap") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  place_calls(v, 11);
  std::vector<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto page = v.store->queries().calls("", 4, cursor).value();
    for (const auto& item : page["items"]) seen.push_back(item["id"]);
    cursor = page["next"].is_null() ? "" : page["next"].get<std::string>();
    ++pages;
  } while (!cursor.empty());
  CHECK(pages == 3);
  REQUIRE(seen.size() == 11);
  for (int i = 0; i < 11; ++i) CHECK(seen[std::size_t(i)] == "call-" + std::to_string(10 - i));
}

TEST_CASE("queries: calls that began in the same microsecond are paged by their id") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  for (const auto* id : {"b", "a", "c"}) {
    auto call = v.stream(id);
    v.emit(call, "call.created");
  }
  REQUIRE(v.store->flush());
  const auto first = v.store->queries().calls("", 2, "").value();
  CHECK(first["items"][0]["id"] == "c");
  CHECK(first["items"][1]["id"] == "b");
  const auto second = v.store->queries().calls("", 2, first["next"]).value();
  REQUIRE(second["items"].size() == 1);
  CHECK(second["items"][0]["id"] == "a");
  CHECK(second["next"].is_null());
}

TEST_CASE("queries: calls by state") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  place_calls(v, 8);
  const auto count = [&](const std::string& state) {
    const auto page = v.store->queries().calls(state, 200, "").value();
    for (const auto& item : page["items"]) CHECK(item["state"] == state);
    return page["items"].size();
  };
  CHECK(count("ringing") == 4);
  CHECK(count("live") == 2);
  CHECK(count("ended") == 2);
  const auto page = v.store->queries().calls("ringing", 3, "").value();
  CHECK(v.store->queries().calls("ringing", 3, page["next"]).value()["items"].size() == 1);
}

TEST_CASE("queries: a wrong state, limit or cursor is refused with the value that was wrong") {
  TemporaryFolder folder;
  const auto store = opened({.url = database_url(folder)});
  CHECK(store->queries().calls("dead", 50, "").error() ==
        "state is ringing, live or ended, not 'dead'");
  CHECK(store->queries().calls("", 0, "").error() == "limit is 1 to 200, not 0");
  CHECK(store->queries().calls("", 201, "").error() == "limit is 1 to 200, not 201");
  for (const auto* cursor : {"x", "12", "12_", "_a", "' OR 1=1 --"})
    CHECK(store->queries().calls("", 50, cursor).error() ==
          "'" + std::string(cursor) + "' is no cursor of this list");
}

TEST_CASE("queries: a call's events come back as they were published") {
  TemporaryFolder folder;
  VirtualStore v({.url = database_url(folder)});
  std::vector<EventPtr> published;
  const auto tap = v.hub.subscribe([&](const EventPtr& e) { published.push_back(e); });
  auto call = v.stream("c1");
  v.emit(call, "call.created", {{"from", "ünïcode"}});
  v.loop->pump_to(20ms);
  v.emit(call, "call.answered", {{"codec", "PCMU"}});
  REQUIRE(v.store->flush());
  const auto events = v.store->queries().events("c1", 0, 1000).value();
  REQUIRE(events.size() == 2);
  for (int i = 0; i < 2; ++i) CHECK(events[i] == to_json(*published[std::size_t(i)]));
  CHECK(v.store->queries().events("c1", 1, 1000).value().size() == 1);
}
