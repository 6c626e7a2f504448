#include "engine/control/protocol.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::control;
using nlohmann::json;

namespace {

Command good(const std::string& text) {
  const auto message = parse_command(text);
  REQUIRE_MESSAGE(std::holds_alternative<Command>(message), text);
  return std::get<Command>(message);
}

Refused bad(const std::string& text) {
  const auto message = parse_command(text);
  REQUIRE_MESSAGE(std::holds_alternative<Refused>(message), text.substr(0, 100));
  return std::get<Refused>(message);
}

}  // namespace

TEST_CASE("protocol: each command with its fields") {
  CHECK(good(R"({"type":"subscribe","id":1})").verb == Verb::subscribe);
  CHECK(good(R"({"type":"subscribe","id":1,"call":"c"})").call == "c");
  CHECK(good(R"({"type":"unsubscribe","id":"a"})").id == "a");
  const auto dial = good(R"({"type":"call.dial","id":2,"to":"sip:a@b","agent":"reception"})");
  CHECK(dial.verb == Verb::dial);
  CHECK(dial.to == "sip:a@b");
  CHECK(dial.agent == "reception");
  CHECK(good(R"({"type":"call.dial","id":2,"to":"sip:a@b"})").agent.empty());
  const auto say = good(R"({"type":"call.say","id":3,"call":"c","text":"Grüße"})");
  CHECK(say.call == "c");
  CHECK(say.text == "Grüße");
  const auto dtmf = good(R"({"type":"call.dtmf","id":3,"call":"c","keys":"12#"})");
  CHECK(dtmf.verb == Verb::press);
  CHECK(dtmf.keys == "12#");
  const auto hold = good(R"({"type":"call.hold","id":3,"call":"c"})");
  CHECK(hold.verb == Verb::hold);
  CHECK(hold.call == "c");
  CHECK(good(R"({"type":"call.resume","id":3,"call":"c"})").verb == Verb::resume);
  CHECK(good(R"({"type":"call.hangup","id":-4,"call":"c"})").id == -4);
}

TEST_CASE("protocol: what is wrong is said with its place; the id comes back if it can be read") {
  struct Row {
    std::string text;
    json id;
    const char* says;
  };
  for (const auto& row : {
           Row{"", nullptr, "not JSON: wrong at byte 1"},
           Row{R"({"type":"subscribe","id":1)", nullptr, "wrong at byte 27"},
           Row{"\xff\xfe", nullptr, "not JSON"},
           Row{"[1,2]", nullptr, "not array"},
           Row{"null", nullptr, "not null"},
           Row{R"({"id":1})", 1, "\"type\" is missing"},
           Row{R"({"type":7,"id":1})", 1, "not a text"},
           Row{R"({"type":"call.transmogrify","id":1})", 1, "no command \"call.transmogrify\""},
           Row{R"({"type":"subscribe"})", nullptr, "field \"id\""},
           Row{R"({"type":"subscribe","id":1.5})", nullptr, "field \"id\""},
           Row{R"({"type":"subscribe","id":""})", nullptr, "field \"id\""},
           Row{R"({"type":"subscribe","id":{}})", nullptr, "field \"id\""},
           Row{R"({"type":"subscribe","id":1,"cal":"x"})", 1, "unknown field \"cal\""},
           Row{R"({"type":"subscribe","id":1,"call":7})", 1, "\"call\" must be a text, not number"},
           Row{R"({"type":"subscribe","id":1,"call":""})", 1, "\"call\" must not be empty"},
           Row{R"({"type":"call.say","id":1,"text":"x"})", 1, "field \"call\" is missing"},
           Row{R"({"type":"call.say","id":1,"call":"c"})", 1, "field \"text\" is missing"},
           Row{R"({"type":"call.say","id":1,"call":"c","text":null})", 1, "a text, not null"},
           Row{R"({"type":"call.dial","id":1})", 1, "field \"to\" is missing"},
           Row{R"({"type":"call.hangup","id":"q"})", "q", "field \"call\" is missing"},
       }) {
    const auto refused = bad(row.text);
    CHECK(refused.id == row.id);
    CHECK_MESSAGE(refused.detail.find(row.says) != std::string::npos, refused.detail);
  }
}

TEST_CASE("protocol: a text, an id or a call of one byte too many is refused, of one less not") {
  const auto say = [](std::size_t n) {
    return json({{"type", "call.say"}, {"id", 1}, {"call", "c"}, {"text", std::string(n, 'a')}})
        .dump();
  };
  CHECK(good(say(2000)).text.size() == 2000);
  CHECK(bad(say(2001)).detail == "call.say: field \"text\" has 2001 bytes; 2000 is the most.");
  const auto id = [](std::size_t n) {
    return json({{"type", "subscribe"}, {"id", std::string(n, 'i')}}).dump();
  };
  CHECK(good(id(64)).id == std::string(64, 'i'));
  CHECK(bad(id(65)).id == nullptr);
  CHECK(bad(R"({"type":"call.hangup","id":1,"call":")" + std::string(65, 'c') + "\"}").id == 1);
}

TEST_CASE("protocol: deep nesting is refused, not followed") {
  CHECK(bad(std::string(60'000, '[')).id == nullptr);
  const auto deep = std::string(20'000, '[') + std::string(20'000, ']');
  CHECK(bad(R"({"type":"subscribe","id":)" + deep + "}").id == nullptr);
}

TEST_CASE("protocol: what is sent is JSON whatever the text holds") {
  const Event event{.call = "c", .seq = 1, .kind = "agent.said", .body = {{"text", "\xff\"\n"}}};
  const auto message = json::parse(event_message(event));
  CHECK(message["type"] == "event");
  CHECK(message["event"]["seq"] == 1);
  CHECK(json::parse(error(nullptr, "\xc3"))["id"] == nullptr);
  CHECK(json::parse(ack("x", {{"call", "c"}})) ==
        json({{"type", "ack"}, {"id", "x"}, {"call", "c"}}));
}
