#include "tools/parley/print.hpp"

#include <doctest/doctest.h>

using namespace parley::cli;
using Json = nlohmann::json;

namespace {

Json event(const std::string& kind, Json body) {
  return {
      {"call", "01890000-0000-7000-8000-0000003fa2c1"}, {"seq", 1},     {"at", 0},
      {"time", "2026-01-01T10:02:11.140250Z"},          {"kind", kind}, {"body", std::move(body)}};
}

}  // namespace

TEST_CASE("print: an event is a line with its time, its call's short id and what happened") {
  struct {
    std::string kind;
    Json body;
    std::string line;
  } const table[] = {
      {"call.created",
       {{"direction", "inbound"}, {"from", "sip:a@b"}, {"to", ""}, {"agent", "reception"}},
       "10:02:11.140  3fa2c1  call              inbound sip:a@b -> - (reception)"},
      {"call.answered", {{"codec", "PCMU"}}, "10:02:11.140  3fa2c1  answered          PCMU"},
      {"transcript.final",
       {{"text", "hello"}, {"rejected", false}},
       "10:02:11.140  3fa2c1  caller            hello"},
      {"transcript.final",
       {{"text", "hm"}, {"rejected", true}},
       "10:02:11.140  3fa2c1  caller            hm (answers nothing)"},
      {"agent.speaking",
       {{"text", "Good morning."}, {"response_ms", 312}},
       "10:02:11.140  3fa2c1  agent speaks      Good morning. (312 ms)"},
      {"agent.speaking",
       {{"text", "Hello."}, {"response_ms", -1}},
       "10:02:11.140  3fa2c1  agent speaks      Hello."},
      {"agent.interrupted",
       {{"text", "Good morning"}, {"heard_text", "Good"}, {"by", "speech"}},
       "10:02:11.140  3fa2c1  agent cut         heard: Good (by speech)"},
      {"slot.filled",
       {{"slot", "name"}, {"value", "Ada"}, {"confirmed", false}},
       "10:02:11.140  3fa2c1  slot              name = Ada (not confirmed)"},
      {"call.ended",
       {{"reason", "failed"}, {"detail", "no codec"}},
       "10:02:11.140  3fa2c1  ended             failed: no codec"},
      {"call.held",
       {{"by", "operator"}},
       "10:02:11.140  3fa2c1  on hold           by the operator"},
      {"call.resumed", {{"by", "caller"}}, "10:02:11.140  3fa2c1  off hold          by the caller"},
      {"call.resumed",
       {{"by", "limit"}},
       "10:02:11.140  3fa2c1  off hold          it lasted too long"},
      {"recording.paused", {{"position_ms", 5}}, "10:02:11.140  3fa2c1  not recorded"},
      {"something.new", {{"x", 1}}, "10:02:11.140  3fa2c1  something.new     {\"x\":1}"},
      {"speech.started", Json::object(), "10:02:11.140  3fa2c1  speech.started"}};
  for (const auto& row : table) CHECK(event_line(event(row.kind, row.body)) == row.line);
}

TEST_CASE("print: what is no event, or holds other types, is a line all the same") {
  CHECK(event_line(Json::array()) == "");
  CHECK(event_line(event("transcript.final", {{"text", 5}})).find("caller            5") !=
        std::string::npos);
  CHECK(event_line(event("call.ended", {})).find("ended") != std::string::npos);
  auto odd = event("agent.speaking", {{"text", "x"}, {"response_ms", "fast"}});
  CHECK(event_line(odd).find("agent speaks      x") != std::string::npos);
  odd["body"] = Json::array({1});
  CHECK(event_line(odd).find("agent speaks") != std::string::npos);
}

TEST_CASE("print: a terminal gets no control characters from a caller") {
  const auto line = event_line(event("transcript.final", {{"text", "a\x1b[31mb\nc\x7f"}}));
  for (const unsigned char c : line) CHECK(c >= 0x20);
}

TEST_CASE("print: only what tells of the conversation is for people") {
  CHECK(is_for_people(event("transcript.final", {})));
  CHECK_FALSE(is_for_people(event("transcript.partial", {})));
  CHECK_FALSE(is_for_people(event("speech.started", {})));
  CHECK_FALSE(is_for_people(Json::object()));
}

TEST_CASE("print: health, the known things first") {
  CHECK(status_text({{"status", "ok"},
                     {"version", "0.1.0"},
                     {"calls_live", 3},
                     {"pipelines_live", 3},
                     {"sip", "127.0.0.1:5060"}}) ==
        "status     ok\n"
        "version    0.1.0\n"
        "sip        127.0.0.1:5060\n"
        "calls      3\n"
        "pipelines_live 3\n");
}

TEST_CASE("print: a page of calls is a table") {
  CHECK(calls_text({{"items", Json::array()}, {"next", nullptr}}) == "no calls\n");
  const Json call{{"id", "01890000-0000-7000-8000-0000003fa2c1"},
                  {"started_at", "2026-01-01T10:02:11.140250Z"},
                  {"direction", "inbound"},
                  {"state", "ended"},
                  {"from_uri", "sip:a@b"},
                  {"to_uri", "sip:c@d"},
                  {"end_reason", "caller_hangup"}};
  const auto text = calls_text({{"items", {call}}, {"next", "12_x"}});
  CHECK(text.find("3fa2c1  2026-01-01 10:02:11  inbound   ended     sip:a@b ") !=
        std::string::npos);
  CHECK(text.find("caller_hangup\nmore: --cursor 12_x\n") != std::string::npos);
}

TEST_CASE("print: a call with its transcript shows what was heard") {
  const Json call{
      {"id", "c1"},
      {"state", "ended"},
      {"metadata", {{"name", "Ada"}, {"escalated", true}}},
      {"transcript",
       {{{"at", 1'500'000},
         {"speaker", "agent"},
         {"text", "Good morning, who is it?"},
         {"heard_text", "Good morning"},
         {"tool_name", nullptr}},
        {{"at", 2'500'000}, {"speaker", "caller"}, {"text", "Ada"}, {"heard_text", nullptr}},
        {{"at", 3'000'000},
         {"speaker", "agent"},
         {"text", ""},
         {"tool_name", "end_call"},
         {"tool_arguments", "{}"}}}}};
  CHECK(call_text(call) ==
        "id           c1\n"
        "state        ended\n"
        "escalated    true\n"
        "name         Ada\n"
        "\n"
        "   1.50  agent   Good morning -- (cut)\n"
        "   2.50  caller  Ada\n"
        "   3.00  agent   end_call {}\n");
}
