// scripted: answers from a text in `model`, on the loop's timers; for tests, and for measuring the
// engine without a model. Works in virtual time.
//
//   "Hello there. ~300 How are you?|~50 Goodbye. @end_call {\"reason\":\"done\"}|!it broke"
//
// Answers are divided by "|"; the one given is counted by the assistant's messages in the request,
// and after the last the first comes again. "~300" waits 300 ms. "@name {json}", at the end of an
// answer, calls a tool. "!text", as a whole answer, is a Failure.
//
// Threads: the call's loop only.
#include <algorithm>
#include <charconv>
#include <utility>

#include "plugins/providers/llm.hpp"

namespace parley {
namespace {

struct Step {
  Nanos after;  // since the answer was asked for
  LlmResult result;
};

std::string_view answer_of(std::string_view script, std::size_t number) {
  const auto count = std::size_t(std::ranges::count(script, '|')) + 1;
  for (number %= count; number > 0; --number) script.remove_prefix(script.find('|') + 1);
  return script.substr(0, script.find('|'));
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::vector<Step> parse(std::string_view answer) {
  std::vector<Step> steps;
  Nanos at{0};
  if (answer.starts_with('!'))
    return {{at, Failure{.what = "scripted: " + std::string(answer.substr(1)), .retry = true}}};
  std::string reason = "stop", separator;
  for (auto word = next_word(answer); !word.empty(); word = next_word(answer)) {
    int ms = 0;
    if (word.starts_with('~') &&
        std::from_chars(word.data() + 1, word.data() + word.size(), ms).ec == std::errc()) {
      at += Nanos(1ms) * std::clamp(ms, 0, 600'000);
    } else if (word.starts_with('@') && word.size() > 1) {
      auto arguments = answer.substr(std::min(answer.find_first_not_of(' '), answer.size()));
      while (arguments.ends_with(' ')) arguments.remove_suffix(1);
      steps.push_back(
          {at, LlmToolCall{.id = "call_1",
                           .name = std::string(word.substr(1)),
                           .arguments = arguments.empty() ? "{}" : std::string(arguments)}});
      reason = "tool_calls";
      break;
    } else {
      steps.push_back({at, LlmText{separator + std::string(word)}});
      separator = " ";
    }
  }
  steps.push_back({at, LlmDone{.finish_reason = reason}});
  return steps;
}

class Stream final : public LlmStream {
 public:
  explicit Stream(LlmSink sink) : sink_(std::make_shared<LlmSink>(std::move(sink))) {}

  void play(Loop& loop, std::vector<Step> steps) {
    for (auto& step : steps)
      loop.after(step.after, [weak = std::weak_ptr(sink_), result = std::move(step.result)] {
        if (const auto sink = weak.lock()) (*sink)(result);
      });
  }

 private:
  const std::shared_ptr<LlmSink> sink_;
};

std::unique_ptr<LlmStream> ask(LoopRef loop, const LlmOptions& options, const LlmRequest& request,
                               LlmSink sink) {
  const auto said =
      std::ranges::count(request.messages, LlmMessage::Role::assistant, &LlmMessage::role);
  auto stream = std::make_unique<Stream>(std::move(sink));
  stream->play(*loop, parse(answer_of(options.model, std::size_t(said))));
  return stream;
}

}  // namespace

extern const LlmProvider scripted_llm;
const LlmProvider scripted_llm{.name = "scripted", .ask = ask};

}  // namespace parley
