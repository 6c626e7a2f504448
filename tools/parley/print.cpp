#include "tools/parley/print.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace parley::cli {
namespace {

using Json = nlohmann::json;

std::string text(const Json& object, const char* field) {
  if (!object.is_object()) return {};
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::optional<double> number(const Json& object, const char* field) {
  if (!object.is_object()) return {};
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number()) return {};
  return found->get<double>();
}

Json part(const Json& object, const char* field, Json otherwise) {
  if (!object.is_object()) return otherwise;
  const auto found = object.find(field);
  return found != object.end() && found->type() == otherwise.type() ? *found : otherwise;
}

// What came over the wire may hold control characters; a terminal would obey them.
std::string printable(std::string s) {
  std::ranges::replace_if(
      s, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return s;
}

std::string clock_time(const std::string& rfc3339) {  // 2026-01-01T10:02:11.140000Z
  return rfc3339.size() >= 23 ? rfc3339.substr(11, 12) : rfc3339;
}

std::string day_and_time(const std::string& rfc3339) {
  return rfc3339.size() >= 19 ? rfc3339.substr(0, 10) + " " + rfc3339.substr(11, 8) : rfc3339;
}

std::string party(const std::string& uri) { return uri.empty() ? "-" : uri; }

struct Shown {
  std::string_view what;
  std::string (*detail)(const Json& body);
};

std::string nothing(const Json&) { return {}; }

std::string speaking(const Json& b) {
  const auto ms = number(b, "response_ms").value_or(-1);
  return ms < 0 ? text(b, "text") : fmt::format("{} ({:.0f} ms)", text(b, "text"), ms);
}

std::string ended(const Json& b) {
  const auto detail = text(b, "detail");
  return detail.empty() ? text(b, "reason") : fmt::format("{}: {}", text(b, "reason"), detail);
}

std::string off_hold(const Json& b) {
  const auto by = text(b, "by");
  return by == "limit" ? "it lasted too long" : "by the " + by;
}

const std::map<std::string_view, Shown> shown{
    {"engine.started", {"engine started", [](const Json& b) { return text(b, "version"); }}},
    {"engine.stopping", {"engine stopping", nothing}},
    {"events.lost",
     {"events lost",
      [](const Json& b) { return text(b, "count") + " did not reach " + text(b, "subscriber"); }}},
    {"store.failed", {"store failed", [](const Json& b) { return text(b, "detail"); }}},
    {"store.recovered", {"store recovered", nothing}},
    {"call.created",
     {"call",
      [](const Json& b) {
        return fmt::format("{} {} -> {} ({})", text(b, "direction"), party(text(b, "from")),
                           party(text(b, "to")), text(b, "agent"));
      }}},
    {"call.ringing", {"rings", nothing}},
    {"call.answered", {"answered", [](const Json& b) { return text(b, "codec"); }}},
    {"call.held", {"on hold", [](const Json& b) { return "by the " + text(b, "by"); }}},
    {"call.resumed", {"off hold", off_hold}},
    {"call.escalated", {"escalated", [](const Json& b) { return text(b, "reason"); }}},
    {"call.ended", {"ended", ended}},
    {"recording.paused", {"not recorded", nothing}},
    {"recording.resumed", {"recorded again", nothing}},
    {"media.missing", {"no audio", [](const Json& b) { return text(b, "detail"); }}},
    {"transcript.final",
     {"caller",
      [](const Json& b) {
        return text(b, "text") + (text(b, "rejected") == "true" ? " (answers nothing)" : "");
      }}},
    {"dtmf.received", {"caller pressed", [](const Json& b) { return text(b, "digit"); }}},
    {"agent.speaking", {"agent speaks", speaking}},
    {"agent.said", {"agent said", [](const Json& b) { return text(b, "text"); }}},
    {"agent.interrupted",
     {"agent cut",
      [](const Json& b) {
        return fmt::format("heard: {} (by {})", text(b, "heard_text"), text(b, "by"));
      }}},
    {"slot.filled",
     {"slot",
      [](const Json& b) {
        return fmt::format("{} = {}{}", text(b, "slot"), text(b, "value"),
                           text(b, "confirmed") == "true" ? "" : " (not confirmed)");
      }}},
    {"tool.called",
     {"tool", [](const Json& b) { return text(b, "name") + "(" + text(b, "arguments") + ")"; }}},
    {"tool.returned", {"tool answers", [](const Json& b) { return text(b, "result"); }}},
    {"provider.failed",
     {"provider failed",
      [](const Json& b) {
        return fmt::format("{} {}: {}", text(b, "kind"), text(b, "provider"), text(b, "detail"));
      }}},
    {"error", {"error", [](const Json& b) { return text(b, "detail"); }}},
};

}  // namespace

std::string short_id(const std::string& id) {
  return id.size() > 6 ? id.substr(id.size() - 6) : id;
}

bool is_for_people(const Json& event) { return shown.contains(text(event, "kind")); }

std::string event_line(const Json& event) {
  const auto kind = text(event, "kind");
  const auto body = part(event, "body", Json::object());
  const auto found = shown.find(kind);
  const auto what = found == shown.end() ? std::string_view(kind) : found->second.what;
  const auto detail =
      found == shown.end() ? (body.empty() ? "" : body.dump()) : found->second.detail(body);
  auto line = fmt::format("{:12}  {:6}  {:16}  {}", clock_time(text(event, "time")),
                          short_id(text(event, "call")), what, detail);
  line.erase(line.find_last_not_of(' ') + 1);
  return printable(line);
}

std::string status_text(const Json& health) {
  std::string out;
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += printable(fmt::format("{:10} {}", name, value)) + "\n";
  };
  line("status", text(health, "status"));
  line("version", text(health, "version"));
  line("sip", text(health, "sip"));
  line("calls", text(health, "calls_live"));
  if (!health.is_object()) return out;
  const std::set<std::string> said{"status", "version", "sip", "calls_live"};
  for (const auto& [name, value] : health.items())
    if (!said.contains(name)) line(name, text(health, name.c_str()));
  return out;
}

std::string calls_text(const Json& page) {
  const auto items = part(page, "items", Json::array());
  if (items.empty()) return "no calls\n";
  std::string out = fmt::format("{:6}  {:19}  {:8}  {:8}  {:28}  {:28}  {}\n", "call", "started",
                                "way", "state", "from", "to", "ended because");
  for (const auto& call : items) {
    auto line = fmt::format("{:6}  {:19}  {:8}  {:8}  {:28}  {:28}  {}", short_id(text(call, "id")),
                            day_and_time(text(call, "started_at")), text(call, "direction"),
                            text(call, "state"), party(text(call, "from_uri")),
                            party(text(call, "to_uri")), text(call, "end_reason"));
    line.erase(line.find_last_not_of(' ') + 1);
    out += printable(line) + "\n";
  }
  if (const auto next = text(page, "next"); !next.empty())
    out += fmt::format("more: --cursor {}\n", printable(next));
  return out;
}

std::string call_text(const Json& call) {
  std::string out;
  for (const auto* field : {"id", "state", "end_reason", "direction", "from_uri", "to_uri", "agent",
                            "started_at", "answered_at", "ended_at"})
    if (const auto value = text(call, field); !value.empty())
      out += printable(fmt::format("{:12} {}", field, value)) + "\n";
  const auto metadata = part(call, "metadata", Json::object());
  for (const auto& [name, value] : metadata.items())
    out += printable(fmt::format("{:12} {}", name, text(metadata, name.c_str()))) + "\n";
  const auto transcript = part(call, "transcript", Json::array());
  if (!transcript.empty()) out += "\n";
  for (const auto& entry : transcript) {
    const auto heard = text(entry, "heard_text"), said = text(entry, "text");
    const auto tool = text(entry, "tool_name");
    std::string words = heard.empty() || heard == said ? said : heard + " -- (cut)";
    if (!tool.empty())
      words =
          fmt::format("{} {}{}", tool, text(entry, "tool_arguments"), text(entry, "tool_result"));
    out += printable(fmt::format("{:7.2f}  {:7} {}", number(entry, "at").value_or(0) / 1e6,
                                 text(entry, "speaker"), words)) +
           "\n";
  }
  return out;
}

}  // namespace parley::cli
