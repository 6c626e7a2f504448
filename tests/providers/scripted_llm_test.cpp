#include <doctest/doctest.h>

#include "engine/base/sim_loop.hpp"
#include "plugins/providers/llm.hpp"

using namespace parley;

namespace {

// Every result with the millisecond it came at.
std::string play(const std::string& script, int answers_before = 0) {
  const auto loop = SimLoop::make();
  Gate gate(*loop);
  LlmRequest request{.messages = {{.text = "Hello"}}};
  for (int i = 0; i < answers_before; ++i)
    request.messages.push_back({.role = LlmMessage::Role::assistant, .text = "x"});
  std::string told;
  const auto stream = find_llm("scripted")->ask(loop, {.model = script}, request, [&](LlmResult r) {
    told += "[" + std::to_string(to_ms(loop->now())) + "]";
    if (const auto* t = std::get_if<LlmText>(&r)) told += t->text;
    if (const auto* c = std::get_if<LlmToolCall>(&r)) told += c->name + c->arguments;
    if (const auto* d = std::get_if<LlmDone>(&r)) told += d->finish_reason;
    if (const auto* f = std::get_if<Failure>(&r)) told += f->what;
  });
  loop->pump_to(10s);
  return told;
}

}  // namespace

TEST_CASE("scripted llm: words come at their moments of the loop's time") {
  CHECK(play("Hello there. ~300 Bye.") == "[0]Hello[0] there.[300] Bye.[300]stop");
  CHECK(play("") == "[0]stop");
}

TEST_CASE("scripted llm: answers in turn, tools and failures") {
  const std::string script = "one|~50 two @end_call {\"a\": 1} |!it broke";
  CHECK(play(script, 0) == "[0]one[0]stop");
  CHECK(play(script, 1) == "[50]two[50]end_call{\"a\": 1}[50]tool_calls");
  CHECK(play(script, 2) == "[0]scripted: it broke");
  CHECK(play(script, 3) == play(script, 0));
}

TEST_CASE("scripted llm: a stream that was destroyed says no more; its sink may destroy it") {
  const auto loop = SimLoop::make();
  Gate gate(*loop);
  int results = 0;
  std::unique_ptr<LlmStream> stream;
  stream = find_llm("scripted")->ask(loop, {.model = "a b c"}, {}, [&](LlmResult) {
    ++results, stream.reset();
  });
  loop->pump_to(1s);
  CHECK(results == 1);
  CHECK(find_llm("nobody") == nullptr);
}
