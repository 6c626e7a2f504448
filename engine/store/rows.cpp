#include "engine/store/rows.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace parley::store {
namespace {

using Json = nlohmann::json;

constexpr auto replace = Json::error_handler_t::replace;

// What a peer sent may be no UTF-8; what is read back from a row has to be.
std::string valid_utf8(std::string s) {
  if (std::ranges::all_of(s, [](unsigned char c) { return c < 0x80; })) return s;
  return Json::parse(Json(std::move(s)).dump(-1, ' ', false, replace)).get<std::string>();
}

std::string text(const Event& e, const char* field) {
  if (!e.body.is_object()) return {};
  const auto found = e.body.find(field);
  if (found == e.body.end() || found->is_null()) return {};
  return found->is_string() ? valid_utf8(found->get<std::string>())
                            : found->dump(-1, ' ', false, replace);
}

bool flag(const Event& e, const char* field) {
  if (!e.body.is_object()) return false;
  const auto found = e.body.find(field);
  return found != e.body.end() && found->is_boolean() && found->get<bool>();
}

Entry entry(const Event& e, std::string type, std::string speaker, std::string what) {
  return {.at = e.at,
          .entry_type = std::move(type),
          .speaker = std::move(speaker),
          .text = std::move(what)};
}

using Changes = std::vector<Change>;

Changes call_created(const Event& e) {
  auto direction = text(e, "direction");
  if (direction != "inbound" && direction != "outbound") direction.clear();
  return {CallCreated{.external_id = text(e, "external_id"),
                      .direction = std::move(direction),
                      .from_uri = text(e, "from"),
                      .to_uri = text(e, "to"),
                      .agent = text(e, "agent")}};
}

Changes call_answered(const Event& e) { return {CallAnswered{e.started_at + e.at}}; }

Changes call_ended(const Event& e) {
  return {CallEnded{.ended_at = e.started_at + e.at, .reason = text(e, "reason")}};
}

Changes recording_started(const Event& e) { return {RecordingStarted{text(e, "path")}}; }

Changes call_escalated(const Event& e) {
  return {MetadataPatch{{{"escalated", true}, {"escalation_reason", text(e, "reason")}}}};
}

Changes slot_filled(const Event& e) {
  const auto slot = text(e, "slot");
  if (slot.empty()) return {};
  return {MetadataPatch{{{slot, e.body.value("value", Json())}}}};
}

Changes transcript_final(const Event& e) {
  auto said = text(e, "text");
  if (flag(e, "rejected") || said.empty()) return {};
  return {entry(e, "speech", "caller", std::move(said))};
}

Changes agent_said(const Event& e) {
  auto said = text(e, "text");
  if (said.empty()) return {};
  auto one = entry(e, "speech", "agent", std::move(said));
  one.heard_text = one.text;
  return {std::move(one)};
}

Changes agent_interrupted(const Event& e) {
  auto heard = text(e, "heard_text");
  if (heard.empty()) return {};
  auto one = entry(e, "speech", "agent", text(e, "text"));
  one.heard_text = std::move(heard);
  return {std::move(one)};
}

Changes dtmf_received(const Event& e) { return {entry(e, "dtmf", "caller", text(e, "digit"))}; }

Changes tool_called(const Event& e) {
  auto one = entry(e, "tool_call", "agent", {});
  one.tool_id = text(e, "id");
  one.tool_name = text(e, "name");
  one.tool_arguments = text(e, "arguments");
  return {std::move(one)};
}

Changes tool_returned(const Event& e) {
  auto one = entry(e, "tool_result", "tool", {});
  one.tool_id = text(e, "id");
  one.tool_name = text(e, "name");
  one.tool_result = text(e, "result");
  one.tool_ok = flag(e, "ok");
  return {std::move(one)};
}

}  // namespace

Changes rows(const Event& event) {
  static const std::map<std::string_view, Changes (*)(const Event&)> folds{
      {"call.created", call_created},
      {"call.answered", call_answered},
      {"call.ended", call_ended},
      {"call.escalated", call_escalated},
      {"recording.started", recording_started},
      {"slot.filled", slot_filled},
      {"transcript.final", transcript_final},
      {"agent.said", agent_said},
      {"agent.interrupted", agent_interrupted},
      {"dtmf.received", dtmf_received},
      {"tool.called", tool_called},
      {"tool.returned", tool_returned}};
  if (event.call.empty()) return {};
  const auto fold = folds.find(event.kind);
  return fold == folds.end() ? Changes{} : fold->second(event);
}

}  // namespace parley::store
