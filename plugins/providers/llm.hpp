// llm: what a language model service has to do to be one of ours.
//
// Threads: everything here is called on the call's loop, the sink included. Network and JSON happen
// on the provider I/O thread, behind the provider.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/loop.hpp"
#include "plugins/providers/failure.hpp"

namespace parley {

struct LlmOptions {
  std::string url{};  // "http://127.0.0.1:8080/v1": the part before /chat/completions
  std::string model{};
  std::string key_env{};  // the environment variable that holds the key; empty: no key is sent
  Nanos deadline = 10s;   // without a byte from the service; also for the connection
};

struct LlmTool {
  std::string name{};
  std::string description{};
  std::string parameters = "{}";  // JSON Schema, as text
};

struct LlmToolCall {
  std::string id{};
  std::string name{};
  std::string arguments{};  // JSON, as text, complete
  bool operator==(const LlmToolCall&) const = default;
};

struct LlmMessage {
  enum class Role { system, user, assistant, tool };
  Role role = Role::user;
  std::string text{};
  std::vector<LlmToolCall> tool_calls{};  // assistant only
  std::string tool_call_id{};             // tool only
};

struct LlmRequest {
  std::vector<LlmMessage> messages{};
  std::vector<LlmTool> tools{};
};

struct LlmText {
  std::string text{};  // whole UTF-8 characters, to be appended
};
struct LlmDone {
  std::string finish_reason{};
};
// Any number of texts and complete tool calls, then exactly one LlmDone or Failure.
using LlmResult = std::variant<LlmText, LlmToolCall, LlmDone, Failure>;
using LlmSink = std::function<void(LlmResult)>;

// One answer under way. Destroying it cancels; the sink is not called again.
class LlmStream {
 public:
  virtual ~LlmStream() = default;
};

struct LlmProvider {
  std::string_view name;  // what `parleyturn llm=` takes
  std::unique_ptr<LlmStream> (*ask)(LoopRef loop, const LlmOptions&, const LlmRequest&, LlmSink);
};

std::span<const LlmProvider* const> llm_providers();
const LlmProvider* find_llm(std::string_view name);  // null: nobody has that name

}  // namespace parley
