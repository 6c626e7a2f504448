#include "engine/control/live_view.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace parley::control {
namespace {

using nlohmann::json;

// A body that lacks a field, or has another type there, is read as if it were empty: the view shows
// less, it does not fail.
std::string text(const json& body, const char* name) {
  const auto it = body.find(name);
  return it != body.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

std::int64_t number(const json& body, const char* name) {
  const auto it = body.find(name);
  return it != body.end() && it->is_number_integer() ? it->get<std::int64_t>() : 0;
}

bool flag(const json& body, const char* name) {
  const auto it = body.find(name);
  return it != body.end() && it->is_boolean() && it->get<bool>();
}

// Where partials go: the caller's last line while it is not final.
Line* open_caller_line(LiveCall& call) {
  for (auto line = call.lines.rbegin(); line != call.lines.rend(); ++line)
    if (line->who == "caller") return line->final ? nullptr : &*line;
  return nullptr;
}

Line& caller_line(LiveCall& call, const Event& e) {
  if (auto* line = open_caller_line(call)) return *line;
  return call.lines.emplace_back(Line{.who = "caller", .at = e.at});
}

Line& agent_line(LiveCall& call, const Event& e) {
  const auto utterance = number(e.body, "utterance");
  for (auto line = call.lines.rbegin(); line != call.lines.rend(); ++line)
    if (line->who == "agent" && line->utterance == utterance) return *line;
  return call.lines.emplace_back(Line{.who = "agent", .at = e.at, .utterance = utterance});
}

void note(LiveCall& call, const Event& e, std::string text) {
  call.lines.push_back({.who = "note", .at = e.at, .text = std::move(text)});
}

void on_created(LiveCall& call, const Event& e) {
  call.direction = text(e.body, "direction");
  call.from = text(e.body, "from");
  call.to = text(e.body, "to");
  call.agent = text(e.body, "agent");
}

void on_answered(LiveCall& call, const Event& e) {
  call.state = "live";
  call.answered_at = e.started_at + e.at;
}

void on_escalated(LiveCall& call, const Event& e) {
  call.escalated = text(e.body, "reason");
  note(call, e, "escalated: " + *call.escalated);
}

// What is not the caller's hold is ours, whoever ended it.
void set_held(LiveCall& call, const Event& e, bool held) {
  (text(e.body, "by") == "caller" ? call.held_by_caller : call.held_by_operator) = held;
}

void on_partial(LiveCall& call, const Event& e) {
  Line& line = caller_line(call, e);
  line.text = text(e.body, "text");
  line.final = false;
}

void on_final(LiveCall& call, const Event& e) {
  Line& line = caller_line(call, e);
  line.text = text(e.body, "text");
  line.final = true;
  line.rejected = flag(e.body, "rejected");
}

void on_dtmf(LiveCall& call, const Event& e) {
  if (call.lines.empty() || call.lines.back().who != "keys")
    call.lines.push_back({.who = "keys", .at = e.at});
  call.lines.back().text += text(e.body, "digit");
}

void on_agent_speaking(LiveCall& call, const Event& e) {
  call.agent_speaking = true;
  Line& line = agent_line(call, e);
  line.text = text(e.body, "text");
  line.final = false;
  if (const auto ms = number(e.body, "response_ms"); e.body.contains("response_ms") && ms >= 0)
    line.response_ms = ms;
}

void on_agent_said(LiveCall& call, const Event& e) {
  call.agent_speaking = false;
  Line& line = agent_line(call, e);
  line.text = text(e.body, "text");
  line.final = true;
}

void on_agent_interrupted(LiveCall& call, const Event& e) {
  on_agent_said(call, e);
  agent_line(call, e).heard_text = text(e.body, "heard_text");
}

void on_slot(LiveCall& call, const Event& e) {
  const json slot = {{"slot", text(e.body, "slot")},
                     {"value", text(e.body, "value")},
                     {"confirmed", flag(e.body, "confirmed")}};
  const auto old = std::find_if(call.slots.begin(), call.slots.end(),
                                [&](const json& s) { return s["slot"] == slot["slot"]; });
  if (old != call.slots.end())
    *old = slot;
  else
    call.slots.push_back(slot);
}

using Fold = void (*)(LiveCall&, const Event&);
constexpr std::pair<std::string_view, Fold> folds[] = {
    {"call.created", on_created},
    {"call.answered", on_answered},
    {"call.escalated", on_escalated},
    {"call.held", [](LiveCall& c, const Event& e) { set_held(c, e, true); }},
    {"call.resumed", [](LiveCall& c, const Event& e) { set_held(c, e, false); }},
    {"recording.started", [](LiveCall& c, const Event&) { c.recording = "on"; }},
    {"recording.paused", [](LiveCall& c, const Event&) { c.recording = "paused"; }},
    {"recording.resumed", [](LiveCall& c, const Event&) { c.recording = "on"; }},
    {"recording.failed", [](LiveCall& c, const Event&) { c.recording = "off"; }},
    {"recording.finished", [](LiveCall& c, const Event&) { c.recording = "off"; }},
    {"speech.started", [](LiveCall& c, const Event&) { c.caller_speaking = true; }},
    {"speech.stopped", [](LiveCall& c, const Event&) { c.caller_speaking = false; }},
    {"transcript.partial", on_partial},
    {"transcript.final", on_final},
    {"dtmf.received", on_dtmf},
    {"agent.speaking", on_agent_speaking},
    {"agent.said", on_agent_said},
    {"agent.interrupted", on_agent_interrupted},
    {"flow.step", [](LiveCall& c, const Event& e) { c.step = text(e.body, "step"); }},
    {"slot.filled", on_slot},
    {"tool.called",
     [](LiveCall& c, const Event& e) { note(c, e, "tool: " + text(e.body, "name")); }},
    {"media.missing", [](LiveCall& c, const Event& e) { note(c, e, text(e.body, "detail")); }},
    {"provider.failed",
     [](LiveCall& c, const Event& e) {
       note(c, e, text(e.body, "kind") + " failed: " + text(e.body, "detail"));
     }},
    {"error", [](LiveCall& c, const Event& e) { note(c, e, "error: " + text(e.body, "detail")); }},
};

json to_json(const Line& line) {
  json out = {{"who", line.who}, {"at", line.at}, {"text", line.text}, {"final", line.final}};
  if (line.utterance) out["utterance"] = line.utterance;
  if (line.response_ms) out["response_ms"] = *line.response_ms;
  if (line.heard_text) out["heard_text"] = *line.heard_text;
  if (line.rejected) out["rejected"] = true;
  return out;
}

}  // namespace

json to_json(const LiveCall& c) {
  json lines = json::array();
  for (const auto& line : c.lines) lines.push_back(to_json(line));
  return {{"id", c.id},
          {"state", c.state},
          {"direction", c.direction},
          {"from", c.from},
          {"to", c.to},
          {"agent", c.agent},
          {"started_at", rfc3339(c.started_at)},
          {"answered_at", c.answered_at ? json(rfc3339(*c.answered_at)) : json(nullptr)},
          {"seq", c.seq},
          {"caller_speaking", c.caller_speaking},
          {"agent_speaking", c.agent_speaking},
          {"held_by_caller", c.held_by_caller},
          {"held_by_operator", c.held_by_operator},
          {"recording", c.recording},
          {"escalated", c.escalated ? json(*c.escalated) : json(nullptr)},
          {"step", c.step},
          {"slots", c.slots},
          {"lines", lines},
          {"lines_dropped", c.lines_dropped}};
}

void LiveView::fold(const Event& e) {
  if (e.call.empty()) return;
  if (e.kind == "call.ended") {
    calls_.erase(e.call);
    return;
  }
  // An event of a call nobody told us of: the one that created it was lost.
  auto& call = calls_[e.call];
  if (call.id.empty()) {
    call.id = e.call;
    call.started_at = e.started_at;
  }
  call.seq = e.seq;
  const auto fold = std::find_if(std::begin(folds), std::end(folds),
                                 [&](const auto& f) { return f.first == e.kind; });
  if (fold == std::end(folds)) return;
  fold->second(call, e);
  while (call.lines.size() > lines_max_) {
    call.lines.pop_front();
    ++call.lines_dropped;
  }
}

json LiveView::calls(const std::function<bool(const std::string&)>& wanted) const {
  std::vector<const LiveCall*> found;
  for (const auto& [id, call] : calls_)
    if (wanted(id)) found.push_back(&call);
  std::sort(found.begin(), found.end(), [](const LiveCall* a, const LiveCall* b) {
    return std::tie(a->started_at, a->id) < std::tie(b->started_at, b->id);
  });
  json out = json::array();
  for (const auto* call : found) out.push_back(to_json(*call));
  return out;
}

}  // namespace parley::control
