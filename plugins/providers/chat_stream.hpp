// chat_stream: puts together what an OpenAI-compatible chat endpoint streams.
//
// Text is passed on as it comes; tool calls are collected and come complete, ahead of the end.
// Servers differ, so much is taken: no index (the next call), no id (one is made), arguments as an
// object, calls that all carry index 0, text and calls in one chunk, "stop" beside calls, chunks
// without choices, no [DONE], a whole answer instead of a stream. What a model thinks aloud is left
// out.
//
// Threads: none; a value. Not for a media loop: it parses JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/providers/llm.hpp"
#include "plugins/providers/sse.hpp"

namespace parley {

class ChatStream {
 public:
  using Results = std::vector<LlmResult>;

  Results push(const SseEvent& event);
  // The answer came as one JSON text, not as a stream.
  Results whole(std::string_view json);
  // No more comes. What was complete but for its [DONE] is complete; the rest was cut off.
  Results finish();
  bool done() const { return done_; }

 private:
  struct Call {
    long long index;
    LlmToolCall call;
  };
  void take_choice(const nlohmann::json& choice, const nlohmann::json& message, Results& results);
  void take_call(const nlohmann::json& part);
  Call& call_for(const nlohmann::json& part);
  bool take_error(const nlohmann::json& chunk, Results& results);
  void end(const std::string& reason, Results& results);
  void fail(std::string what, bool retry, Results& results);

  std::vector<Call> calls_;
  bool said_ = false;  // some text has come
  bool done_ = false;
};

// The message of an error answer's body, cut to a line; empty: none is to be found.
std::string error_message(std::string_view body);

}  // namespace parley
