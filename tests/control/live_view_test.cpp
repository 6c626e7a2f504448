#include "engine/control/live_view.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

using namespace parley;
using namespace parley::control;
using nlohmann::json;

namespace {

// From the wire's form; the cases' calls begin in 1970.
Event event(const json& e) {
  return {.call = e["call"].is_null() ? "" : e["call"].get<std::string>(),
          .seq = e["seq"],
          .at = e["at"],
          .kind = e["kind"],
          .body = e["body"]};
}

bool all(const std::string&) { return true; }

}  // namespace

// The page's fold is held to the same file: tools/console/test/fold.test.ts.
TEST_CASE("live_view: folds the cases that the console's page folds too") {
  std::ifstream in(FOLD_CASES);
  const auto cases = json::parse(in);
  REQUIRE(cases.size() > 5);
  for (const auto& c : cases) {
    LiveView view;
    for (const auto& e : c["events"]) {
      CHECK(to_json(event(e))["time"] == e["time"]);
      view.fold(event(e));
    }
    CHECK_MESSAGE(view.calls(all) == c["calls"], c["name"], "\n", view.calls(all).dump(2));
  }
}

TEST_CASE("live_view: old lines go when there are too many, and are counted") {
  LiveView view(3);
  view.fold({.call = "c", .seq = 1, .kind = "call.created"});
  for (int i = 0; i < 5; ++i)
    view.fold({.call = "c",
               .seq = std::uint64_t(i + 2),
               .kind = "transcript.final",
               .body = {{"text", std::to_string(i)}}});
  const auto call = view.calls(all)[0];
  REQUIRE(call["lines"].size() == 3);
  CHECK(call["lines"][0]["text"] == "2");
  CHECK(call["lines_dropped"] == 2);
}

TEST_CASE("live_view: a body with wrong types shows less and does no harm") {
  LiveView view;
  for (const auto& [kind, body] : std::initializer_list<std::pair<const char*, json>>{
           {"call.created", {{"from", 7}}},
           {"transcript.final", {{"text", nullptr}, {"rejected", "yes"}}},
           {"agent.speaking", {{"utterance", "1"}, {"response_ms", "fast"}}},
           {"slot.filled", {{"slot", 1}}},
           {"dtmf.received", {}}})
    view.fold({.call = "c", .seq = 1, .kind = kind, .body = body});
  const auto call = view.calls(all)[0];
  CHECK(call["from"] == "");
  CHECK(call["lines"].size() == 3);
}

TEST_CASE("live_view: answers the calls that are wanted, oldest first") {
  LiveView view;
  view.fold({.call = "a", .seq = 1, .started_at = 2, .kind = "call.created"});
  view.fold({.call = "b", .seq = 1, .started_at = 1, .kind = "call.created"});
  view.fold({.call = "c", .seq = 1, .started_at = 3, .kind = "call.created"});
  const auto calls = view.calls([](const std::string& id) { return id != "c"; });
  REQUIRE(calls.size() == 2);
  CHECK(calls[0]["id"] == "b");
  CHECK(calls[1]["id"] == "a");
}
