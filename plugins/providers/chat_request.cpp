#include "plugins/providers/chat_request.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace parley {
namespace {

using Json = nlohmann::json;
constexpr int most_attempts = 3;
constexpr Nanos first_delay = 200ms;

Json call_json(const LlmToolCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

Json message_json(const LlmMessage& message) {
  static constexpr std::array roles{"system", "user", "assistant", "tool"};
  Json json{{"role", roles[std::size_t(message.role)]}, {"content", message.text}};
  if (message.role == LlmMessage::Role::tool) json["tool_call_id"] = message.tool_call_id;
  if (message.role != LlmMessage::Role::assistant || message.tool_calls.empty()) return json;
  if (message.text.empty()) json["content"] = nullptr;
  for (const auto& call : message.tool_calls) json["tool_calls"].push_back(call_json(call));
  return json;
}

Json tool_json(const LlmTool& tool) {
  auto parameters = Json::parse(tool.parameters, nullptr, false);
  if (!parameters.is_object()) parameters = Json::object();
  return {{"type", "function"},
          {"function",
           {{"name", tool.name}, {"description", tool.description}, {"parameters", parameters}}}};
}

}  // namespace

std::string chat_url(const std::string& base) {
  auto url = base;
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with("/chat/completions") ? url : url + "/chat/completions";
}

std::string chat_body(const LlmOptions& options, const LlmRequest& request) {
  Json body{{"model", options.model}, {"stream", true}, {"messages", Json::array()}};
  for (const auto& m : request.messages) body["messages"].push_back(message_json(m));
  for (const auto& t : request.tools) body["tools"].push_back(tool_json(t));
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool worth_retrying(const Attempt& a) {
  return a.unreachable || a.status == 408 || a.status == 429 || a.status >= 500;
}

std::optional<Nanos> retry_delay(const Attempt& a, Nanos deadline, unsigned long long dice) {
  if (a.number >= most_attempts || !worth_retrying(a)) return {};
  const Nanos backoff = first_delay * (1 << (a.number - 1));
  const Nanos jitter{
      static_cast<Nanos::rep>(dice % static_cast<unsigned long long>(backoff.count() / 2))};
  const Nanos delay = std::max(backoff + jitter, a.retry_after.value_or(Nanos(0)));
  if (a.elapsed + delay >= deadline) return {};
  return delay;
}

std::optional<Nanos> parse_retry_after(const std::string& value, bool in_ms) {
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  if (end == value.c_str() || !(number >= 0) || number > 1e7) return {};
  while (*end == ' ' || *end == '\r' || *end == '\n') ++end;
  if (*end) return {};
  return Nanos(static_cast<Nanos::rep>(number * (in_ms ? 1e6 : 1e9)));
}

}  // namespace parley
