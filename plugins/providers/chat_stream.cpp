#include "plugins/providers/chat_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace parley {
namespace {

using Json = nlohmann::json;
constexpr std::size_t longest_message = 200;
constexpr std::size_t most_calls = 32;
constexpr std::size_t longest_arguments = 1 << 18;

Json parse(std::string_view text) { return Json::parse(text, nullptr, false); }

const Json& field(const Json& object, const char* name) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

std::string dumped(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20; }, ' ');
  if (text.size() <= longest_message) return text;
  auto end = longest_message;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string message_of(const Json& error) {
  if (error.is_string()) return one_line(error.get<std::string>());
  return one_line(text_of(field(error, "message")));
}

}  // namespace

std::string error_message(std::string_view body) {
  const auto json = parse(body);
  const auto& error = field(json, "error");
  if (!error.is_null()) return message_of(error);
  const auto message = text_of(field(json, "message"));
  return one_line(message.empty() ? text_of(field(json, "detail")) : message);
}

ChatStream::Results ChatStream::push(const SseEvent& event) {
  Results results;
  if (done_) return results;
  if (event.data == "[DONE]") {
    end("stop", results);
    return results;
  }
  const auto chunk = parse(event.data);
  if (take_error(chunk, results)) return results;
  if (event.type == "error") {
    fail("the service broke off: " + one_line(event.data), true, results);
    return results;
  }
  if (!chunk.is_object()) {
    fail("the service sent something that is not JSON", false, results);
    return results;
  }
  const auto& choices = field(chunk, "choices");
  if (!choices.is_array()) return results;
  for (const auto& choice : choices)
    if (const auto& index = field(choice, "index"); !index.is_number_integer() || index == 0) {
      const auto& delta = field(choice, "delta");
      take_choice(choice, delta.is_object() ? delta : field(choice, "message"), results);
    }
  return results;
}

ChatStream::Results ChatStream::whole(std::string_view json) {
  Results results = push({.type = {}, .data = std::string(json)});
  for (auto& r : finish()) results.push_back(std::move(r));
  return results;
}

ChatStream::Results ChatStream::finish() {
  Results results;
  if (!done_)
    fail(said_ || !calls_.empty() ? "the answer was cut off" : "the stream ended without an answer",
         true, results);
  return results;
}

bool ChatStream::take_error(const Json& chunk, Results& results) {
  const auto& error = field(chunk, "error");
  if (error.is_null()) return false;
  const auto message = message_of(error);
  fail("the service broke off: " + (message.empty() ? "it gave no reason" : message), true,
       results);
  return true;
}

void ChatStream::take_choice(const Json& choice, const Json& message, Results& results) {
  for (const char* name : {"content", "refusal"})
    if (auto text = text_of(field(message, name)); !text.empty()) {
      said_ = true;
      results.push_back(LlmText{std::move(text)});
    }
  if (const auto& calls = field(message, "tool_calls"); calls.is_array())
    for (const auto& part : calls) take_call(part);
  if (const auto& legacy = field(message, "function_call"); legacy.is_object())
    take_call(Json{{"index", 0}, {"function", legacy}});
  if (const auto reason = text_of(field(choice, "finish_reason")); !reason.empty())
    end(reason, results);
}

// Which call a part belongs to: by index; but an id or, without an index, a name starts another.
ChatStream::Call& ChatStream::call_for(const Json& part) {
  const auto& index = field(part, "index");
  const auto id = text_of(field(part, "id"));
  const bool named = !text_of(field(field(part, "function"), "name")).empty();
  if (index.is_number_integer()) {
    const auto number = index.get<long long>();
    const auto known = std::find_if(calls_.rbegin(), calls_.rend(),
                                    [&](const Call& c) { return c.index == number; });
    const bool other = known != calls_.rend() && named && !id.empty() && !known->call.id.empty() &&
                       known->call.id != id;
    if (known != calls_.rend() && !other) return *known;
    return calls_.emplace_back(Call{number, {}});
  }
  if (calls_.empty() || named)
    return calls_.emplace_back(Call{static_cast<long long>(calls_.size()), {}});
  return calls_.back();
}

void ChatStream::take_call(const Json& part) {
  if (!part.is_object() || calls_.size() >= most_calls) return;
  auto& call = call_for(part).call;
  const auto& function = field(part, "function");
  if (call.id.empty()) call.id = text_of(field(part, "id"));
  if (call.name.empty()) call.name = text_of(field(function, "name"));
  const auto& arguments = field(function, "arguments");
  if (call.arguments.size() > longest_arguments) return;  // reported as broken at the end
  if (arguments.is_string())
    call.arguments += arguments.get<std::string>();
  else if (!arguments.is_null())
    call.arguments += dumped(arguments);
}

void ChatStream::end(const std::string& reason, Results& results) {
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    auto& call = calls_[i].call;
    if (call.arguments.empty()) call.arguments = "{}";
    if (call.id.empty()) call.id = fmt::format("call_{}", i + 1);
    if (call.name.empty()) return fail("the service called a tool without a name", false, results);
    if (!Json::accept(call.arguments))
      return fail(fmt::format("the service called the tool {} with arguments that are not JSON",
                              one_line(call.name)),
                  true, results);
  }
  for (auto& c : calls_) results.push_back(std::move(c.call));
  calls_.clear();
  done_ = true;
  results.push_back(LlmDone{.finish_reason = reason});
}

void ChatStream::fail(std::string what, bool retry, Results& results) {
  done_ = true;
  results.push_back(Failure{.what = std::move(what), .retry = retry});
}

}  // namespace parley
