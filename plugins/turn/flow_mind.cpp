#include "plugins/turn/flow_mind.hpp"

#include <nlohmann/json.hpp>

#include "plugins/turn/sentences.hpp"

namespace parley::turn {
namespace {

constexpr std::size_t tool_values_max = 16;

// {"value": x} is x; any other text or number is itself; the rest is JSON text.
std::string value_of(const std::string& json) {
  auto v = nlohmann::json::parse(json, nullptr, false);
  if (v.is_object() && v.size() <= tool_values_max && v.contains("value"))
    v = nlohmann::json(v["value"]);
  return v.is_string() ? v.get<std::string>() : v.is_discarded() ? json : v.dump();
}

}  // namespace

void speak(Body& body, const std::string& text) {
  SentenceCutter cutter;
  auto sentences = cutter.push(text);
  if (auto rest = cutter.finish(); !rest.empty()) sentences.push_back(std::move(rest));
  for (std::size_t i = 0; i < sentences.size(); ++i)
    body.sentence(sentences[i], i + 1 == sentences.size());
}

std::unique_ptr<Mind> flow_mind(Body& body, const Agent& agent) {
  return std::make_unique<FlowMind>(body, agent);
}

void FlowMind::resume(const std::string& first) {
  auto actions = flow_.resume();
  actions.insert(actions.begin(), flow::Say{first});
  act(actions);
}

void FlowMind::answer(const out::Answer& heard) {
  const auto actions = flow_.heard({heard.text, heard.confidence, heard.rejected});
  if (actions.empty() && !tool_id_.empty()) return;  // it waits for a tool
  act(actions);
  if (actions.empty()) body_.done();
}

void FlowMind::act(const flow::Actions& actions) {
  if (actions.empty()) return;
  std::string words, hang_up;
  tool_id_.clear();
  for (const auto& a : actions) {
    if (const auto* say = std::get_if<flow::Say>(&a))
      words += (words.empty() ? "" : " ") + say->text;
    if (const auto* at = std::get_if<flow::AtStep>(&a)) body_.at_step(at->step);
    if (const auto* f = std::get_if<flow::Filled>(&a))
      body_.filled(f->slot, f->value, f->confirmed);
    if (const auto* e = std::get_if<flow::Escalate>(&a)) body_.escalated(e->reason);
    if (std::holds_alternative<flow::HangUp>(a)) hang_up = "agent_hangup";
  }
  speak(body_, words);
  for (const auto& a : actions)
    if (const auto* call = std::get_if<flow::CallTool>(&a)) {
      tool_id_ = call->id;
      tool_name_ = call->name;
      body_.waiting(true);
      body_.tool_called(call->id, call->name, nlohmann::json(call->arguments).dump(), false);
    }
  if (!hang_up.empty()) body_.hang_up(hang_up);
  if (tool_id_.empty()) body_.done();
}

void FlowMind::tool_result(const std::string& id, const std::string& json, bool ok) {
  if (id.empty() || id != tool_id_) return;
  body_.tool_returned(id, tool_name_, json, ok);
  body_.waiting(false);
  act(flow_.tool_result(id, ok, value_of(json)));
}

void FlowMind::tool_late() { tool_result(tool_id_, R"({"error":"no answer in time"})", false); }

void FlowMind::speak_and_end(const std::string& text) {
  speak(body_, text);
  body_.done();
}

}  // namespace parley::turn
