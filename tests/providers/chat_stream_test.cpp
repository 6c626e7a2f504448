#include "plugins/providers/chat_stream.hpp"

#include <doctest/doctest.h>

#include "plugins/providers/chat_request.hpp"

using namespace parley;

namespace {

// What came of it, as one readable text: "text", "call(id,name,args)", "done:reason", "fail".
std::string told(const std::vector<LlmResult>& results) {
  std::string all;
  for (const auto& r : results) {
    if (!all.empty()) all += ' ';
    if (const auto* t = std::get_if<LlmText>(&r)) all += t->text;
    if (const auto* c = std::get_if<LlmToolCall>(&r))
      all += "call(" + c->id + "," + c->name + "," + c->arguments + ")";
    if (const auto* d = std::get_if<LlmDone>(&r)) all += "done:" + d->finish_reason;
    if (const auto* f = std::get_if<Failure>(&r)) all += "fail:" + f->what;
  }
  return all;
}

std::string run(const std::vector<std::string>& data) {
  ChatStream stream;
  std::vector<LlmResult> all;
  for (const auto& d : data)
    for (auto& r : stream.push({.type = {}, .data = d})) all.push_back(std::move(r));
  for (auto& r : stream.finish()) all.push_back(std::move(r));
  return told(all);
}

std::string delta(const std::string& delta, const std::string& reason = "null") {
  return R"({"choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":)" + reason + "}]}";
}
std::string calls(const std::string& calls, const std::string& reason = "null") {
  return delta(R"({"tool_calls":[)" + calls + "]}", reason);
}
const std::string stop = delta("{}", R"("stop")");

}  // namespace

TEST_CASE("chat_stream: what servers send, and what comes of it") {
  const struct {
    const char* what;
    std::vector<std::string> data;
    const char* told;
  } table[]{
      {"text",
       {delta(R"({"role":"assistant","content":""})"), delta(R"({"content":"Hi"})"),
        delta(R"({"content":" you"})"), stop, R"({"choices":[],"usage":{}})", "[DONE]"},
       "Hi  you done:stop"},
      {"no finish reason", {delta(R"({"content":"Hi"})"), "[DONE]"}, "Hi done:stop"},
      {"no [DONE]", {delta(R"({"content":"Hi"})"), stop}, "Hi done:stop"},
      {"the text of the last chunk",
       {delta(R"({"content":"Hi"})", R"("length")")},
       "Hi done:length"},
      {"a call in fragments",
       {calls(
            R"({"index":0,"id":"a","type":"function","function":{"name":"look","arguments":""}})"),
        calls(R"({"index":0,"function":{"arguments":"{\"q\""}})"),
        calls(R"({"index":0,"function":{"arguments":":1}"}})"), delta("{}", R"("tool_calls")")},
       "call(a,look,{\"q\":1}) done:tool_calls"},
      {"two calls by index, fragments mixed",
       {calls(
            R"({"index":0,"id":"a","function":{"name":"x","arguments":"{"}},{"index":1,"id":"b","function":{"name":"y","arguments":"{"}})"),
        calls(R"({"index":1,"function":{"arguments":"}"}})"),
        calls(R"({"index":0,"function":{"arguments":"}"}})"), stop},
       "call(a,x,{}) call(b,y,{}) done:stop"},
      {"two calls that both carry index 0",
       {calls(R"({"index":0,"id":"a","function":{"name":"x","arguments":"{}"}})"),
        calls(R"({"index":0,"id":"b","function":{"name":"y","arguments":"{}"}})"), stop},
       "call(a,x,{}) call(b,y,{}) done:stop"},
      {"no index, no id, arguments as an object",
       {calls(R"({"function":{"name":"x","arguments":{"q":1}}},{"function":{"name":"y"}})"), stop},
       "call(call_1,x,{\"q\":1}) call(call_2,y,{}) done:stop"},
      {"no index, in fragments",
       {calls(R"({"id":"a","function":{"name":"x","arguments":"{\"q\":"}})"),
        calls(R"({"function":{"arguments":"2}"}})"), stop},
       "call(a,x,{\"q\":2}) done:stop"},
      {"text and call in one chunk",
       {delta(
           R"({"content":"Wait.","tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}]})",
           R"("stop")")},
       "Wait. call(a,x,{}) done:stop"},
      {"the old way to call",
       {delta(R"({"function_call":{"name":"x","arguments":"{}"}})"),
        delta("{}", R"("function_call")")},
       "call(call_1,x,{}) done:function_call"},
      {"thinking aloud is left out",
       {delta(R"({"reasoning_content":"hm","reasoning":"hm"})"), delta(R"({"content":"Hi"})"),
        stop},
       "Hi done:stop"},
      {"a refusal is said", {delta(R"({"content":null,"refusal":"No."})"), stop}, "No. done:stop"},
      {"other choices are left out",
       {R"({"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"yes"}}]})",
        stop},
       "yes done:stop"},
      {"odd chunks",
       {"{}", R"({"choices":null})", R"({"choices":[null,7,{"delta":null}]})", stop},
       "done:stop"},
      {"an error in the middle",
       {delta(R"({"content":"Hi"})"), R"({"error":{"message":"overloaded"}})", stop},
       "Hi fail:the service broke off: overloaded"},
      {"an error as a text",
       {R"({"error":"bad\nthings"})"},
       "fail:the service broke off: bad things"},
      {"garbage", {"<html>"}, "fail:the service sent something that is not JSON"},
      {"a number", {"17"}, "fail:the service sent something that is not JSON"},
      {"cut off in text", {delta(R"({"content":"Hi"})")}, "Hi fail:the answer was cut off"},
      {"cut off in a call",
       {calls(R"({"index":0,"id":"a","function":{"name":"x","arguments":"{"}})")},
       "fail:the answer was cut off"},
      {"nothing at all", {}, "fail:the stream ended without an answer"},
      {"broken arguments",
       {calls(R"({"index":0,"id":"a","function":{"name":"x","arguments":"{q"}})"), stop},
       "fail:the service called the tool x with arguments that are not JSON"},
      {"a call without a name",
       {calls(R"({"index":0,"id":"a","function":{"arguments":"{}"}})"), stop},
       "fail:the service called a tool without a name"},
  };
  for (const auto& [what, data, answer] : table) {
    CAPTURE(what);
    CHECK(run(data) == answer);
  }
}

TEST_CASE("chat_stream: an event of the type error is one, whatever it holds") {
  ChatStream stream;
  CHECK(told(stream.push({.type = "error", .data = "no JSON"})) ==
        "fail:the service broke off: no JSON");
  CHECK(stream.push({.type = {}, .data = stop}).empty());
  CHECK(stream.finish().empty());
}

TEST_CASE("chat_stream: a whole answer in place of a stream") {
  ChatStream stream;
  CHECK(told(stream.whole(
            R"({"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]})")) ==
        "Hi done:stop");
  ChatStream broken;
  CHECK(told(broken.whole("{")) == "fail:the service sent something that is not JSON");
}

TEST_CASE("chat_stream: the message of an error, from the forms in use") {
  CHECK(error_message(R"({"error":{"message":"no model"}})") == "no model");
  CHECK(error_message(R"({"error":"no model"})") == "no model");
  CHECK(error_message(R"({"detail":"no model"})") == "no model");
  CHECK(error_message("<html>").empty());
  CHECK(error_message("").empty());
  CHECK(error_message(R"({"error":")" + std::string(5000, 'x') + "\"}").size() < 300);
}

TEST_CASE("chat_request: the URL, with and without what people add to it") {
  CHECK(chat_url("http://x/v1") == "http://x/v1/chat/completions");
  CHECK(chat_url("http://x/v1/") == "http://x/v1/chat/completions");
  CHECK(chat_url("http://x/v1/chat/completions") == "http://x/v1/chat/completions");
}

TEST_CASE("chat_request: messages, tool calls and tools as the protocol wants them") {
  using Role = LlmMessage::Role;
  const LlmRequest request{
      .messages = {{.role = Role::system, .text = "Be brief."},
                   {.role = Role::user, .text = "Bye \xFF"},
                   {.role = Role::assistant, .tool_calls = {{"a", "end_call", "{}"}}},
                   {.role = Role::tool, .text = "ok", .tool_call_id = "a"}},
      .tools = {{.name = "end_call", .description = "Ends it", .parameters = "{bad"}}};
  CHECK(
      chat_body({.model = "m"}, request) ==
      R"({"messages":[{"content":"Be brief.","role":"system"},{"content":"Bye )"
      "\xEF\xBF\xBD"
      R"(","role":"user"},{"content":null,"role":"assistant","tool_calls":[{"function":{"arguments":"{}","name":"end_call"},"id":"a","type":"function"}]},{"content":"ok","role":"tool","tool_call_id":"a"}],"model":"m","stream":true,"tools":[{"function":{"description":"Ends it","name":"end_call","parameters":{}},"type":"function"}]})");
}

TEST_CASE("chat_request: three attempts, further apart each time, within the deadline") {
  CHECK(retry_delay({.number = 1, .status = 503}, 10s, 0) == 200ms);
  CHECK(retry_delay({.number = 2, .unreachable = true}, 10s, 0) == 400ms);
  CHECK(!retry_delay({.number = 3, .status = 503}, 10s, 0));
  CHECK(!retry_delay({.number = 1, .status = 401}, 10s, 0));
  CHECK(!retry_delay({.number = 1, .status = 400}, 10s, 0));
  CHECK(!retry_delay({.number = 1, .status = 503, .elapsed = 9900ms}, 10s, 0));
  const auto delay = retry_delay({.number = 1, .status = 503}, 10s, 0xFFFFFFFFFFFFFFFF);
  REQUIRE(delay);
  CHECK(*delay >= 200ms);
  CHECK(*delay < 300ms);
}

TEST_CASE("chat_request: retry-after is honoured up to the deadline") {
  CHECK(retry_delay({.number = 1, .status = 429, .retry_after = 2s}, 10s, 0) == 2s);
  CHECK(!retry_delay({.number = 1, .status = 429, .retry_after = 20s}, 10s, 0));
  CHECK(parse_retry_after("2", false) == 2s);
  CHECK(parse_retry_after("1.5\r\n", false) == 1500ms);
  CHECK(parse_retry_after("250", true) == 250ms);
  for (const char* odd : {"", "soon", "-1", "1e99", "Wed, 21 Oct 2026 07:28:00 GMT", "nan"})
    CHECK(!parse_retry_after(odd, false));
}
