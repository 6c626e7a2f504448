#include "engine/store/rows.hpp"

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::store;

namespace {

std::vector<Change> fold(const std::string& kind, nlohmann::json body) {
  return rows({.call = "c",
               .seq = 3,
               .at = 250,
               .started_at = 1000,
               .kind = kind,
               .body = std::move(body)});
}

Entry entry(const std::string& kind, nlohmann::json body) {
  const auto changes = fold(kind, std::move(body));
  REQUIRE(changes.size() == 1);
  return std::get<Entry>(changes[0]);
}

}  // namespace

TEST_CASE("rows: the life of a call") {
  CHECK(fold("call.created", {{"direction", "inbound"},
                              {"from", "sip:a@b"},
                              {"to", "sip:c@d"},
                              {"agent", "reception"},
                              {"external_id", "x1"}}) ==
        std::vector<Change>{CallCreated{"x1", "inbound", "sip:a@b", "sip:c@d", "reception"}});
  CHECK(fold("call.ringing", {{"code", 180}}).empty());
  CHECK(fold("call.answered", {}) == std::vector<Change>{CallAnswered{1250}});
  CHECK(fold("call.ended", {{"reason", "caller_hangup"}}) ==
        std::vector<Change>{CallEnded{1250, "caller_hangup"}});
  CHECK(fold("recording.started", {{"path", "/r/c.wav"}, {"format", "wav"}}) ==
        std::vector<Change>{RecordingStarted{"/r/c.wav"}});
}

TEST_CASE("rows: what the caller said is in the transcript, what answered nothing is not") {
  const auto said = entry("transcript.final", {{"text", "hello"}, {"rejected", false}});
  CHECK(said == Entry{.at = 250, .entry_type = "speech", .speaker = "caller", .text = "hello"});
  CHECK(fold("transcript.final", {{"text", "mumble"}, {"rejected", true}}).empty());
  CHECK(fold("transcript.final", {{"text", ""}}).empty());
  CHECK(fold("transcript.partial", {{"text", "hel"}}).empty());
  CHECK(entry("dtmf.received", {{"digit", "5"}, {"duration_ms", 80}}) ==
        Entry{.at = 250, .entry_type = "dtmf", .speaker = "caller", .text = "5"});
}

TEST_CASE("rows: the agent's entry holds what was heard of it") {
  const auto said = entry("agent.said", {{"text", "Good morning."}});
  CHECK(said.speaker == "agent");
  CHECK(said.heard_text == "Good morning.");
  const auto cut = entry("agent.interrupted",
                         {{"text", "Good morning, how are you?"}, {"heard_text", "Good morning"}});
  CHECK(cut.text == "Good morning, how are you?");
  CHECK(cut.heard_text == "Good morning");
  CHECK(fold("agent.interrupted", {{"text", "Nobody heard this"}, {"heard_text", ""}}).empty());
}

TEST_CASE("rows: a tool's call and its answer are two entries") {
  const auto called =
      entry("tool.called", {{"id", "t1"}, {"name", "end_call"}, {"arguments", "{}"}});
  CHECK(called.entry_type == "tool_call");
  CHECK(called.speaker == "agent");
  CHECK(called.tool_name == "end_call");
  CHECK(called.tool_arguments == "{}");
  CHECK_FALSE(called.tool_result);
  const auto returned =
      entry("tool.returned", {{"id", "t1"}, {"name", "end_call"}, {"result", "1"}, {"ok", true}});
  CHECK(returned.entry_type == "tool_result");
  CHECK(returned.tool_result == "1");
  CHECK(returned.tool_ok == true);
}

TEST_CASE("rows: slots and escalation are merged into the metadata (A7)") {
  CHECK(fold("slot.filled", {{"slot", "name"}, {"value", "Ada"}, {"confirmed", true}}) ==
        std::vector<Change>{MetadataPatch{{{"name", "Ada"}}}});
  CHECK(fold("call.escalated", {{"reason", "asked for a person"}}) ==
        std::vector<Change>{
            MetadataPatch{{{"escalated", true}, {"escalation_reason", "asked for a person"}}}});
}

TEST_CASE("rows: fields that are missing, of another type or no UTF-8 do no harm") {
  CHECK(fold("slot.filled", nlohmann::json::array()).empty());
  CHECK(fold("transcript.final", {{"text", nullptr}}).empty());
  CHECK(entry("dtmf.received", {{"digit", 5}}).text == "5");
  CHECK(fold("call.created", {{"direction", "sideways"}}) == std::vector<Change>{CallCreated{}});
  const auto from = std::get<CallCreated>(fold("call.created", {{"from",
                                                                 "a\xff"
                                                                 "b"}})[0])
                        .from_uri;
  CHECK(from ==
        "a\xef\xbf\xbd"
        "b");
}

TEST_CASE("rows: events of the process change no call") {
  CHECK(rows({.call = {}, .kind = "call.ended", .body = {{"reason", "x"}}}).empty());
}
