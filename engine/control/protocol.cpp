#include "engine/control/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace parley::control {
namespace {

using nlohmann::json;

constexpr std::size_t id_bytes_max = 64;

struct Field {
  std::string_view name;
  std::string Command::*member;
  bool required;
  std::size_t bytes_max;
};

constexpr Field some_call{"call", &Command::call, false, 64};
constexpr Field the_call{"call", &Command::call, true, 64};

struct Kind {
  std::string_view type;
  Verb verb;
  std::array<Field, 2> fields;  // a Field without a name: none
};

constexpr Field none{"", &Command::call, false, 0};

constexpr std::array<Kind, 10> kinds = {{
    {"subscribe", Verb::subscribe, {some_call, none}},
    {"unsubscribe", Verb::unsubscribe, {some_call, none}},
    {"call.dial",
     Verb::dial,
     {Field{"to", &Command::to, true, 256}, Field{"agent", &Command::agent, false, 64}}},
    {"call.say", Verb::say, {the_call, Field{"text", &Command::text, true, 2000}}},
    {"call.dtmf", Verb::press, {the_call, Field{"keys", &Command::keys, true, 64}}},
    {"call.hangup", Verb::hang_up, {the_call, none}},
    {"call.hold", Verb::hold, {the_call, none}},
    {"call.resume", Verb::resume, {the_call, none}},
    {"recording.pause", Verb::pause_recording, {the_call, none}},
    {"recording.resume", Verb::resume_recording, {the_call, none}},
}};

std::string dump(const json& message) {
  return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string shown(std::string_view text) { return std::string(text.substr(0, 40)); }

std::string known_types() {
  std::string out;
  for (const auto& kind : kinds) out += fmt::format("{}{}", out.empty() ? "" : ", ", kind.type);
  return out;
}

std::string known_fields(const Kind& kind) {
  std::string out = "type, id";
  for (const auto& field : kind.fields)
    if (!field.name.empty()) out += fmt::format(", {}", field.name);
  return out;
}

// The id as it may be repeated to the console; null when it is none.
json id_of(const json& message) {
  const auto id = message.find("id");
  if (id == message.end()) return nullptr;
  if (id->is_number_integer()) return *id;
  if (id->is_string() && !id->get_ref<const std::string&>().empty() &&
      id->get_ref<const std::string&>().size() <= id_bytes_max)
    return *id;
  return nullptr;
}

// The sentence that says what is wrong with this field, if anything is.
std::optional<std::string> read_field(const json& message, const Kind& kind, const Field& field,
                                      Command& command) {
  const auto value = message.find(field.name);
  if (value == message.end()) {
    if (!field.required) return {};
    return fmt::format("{}: field \"{}\" is missing.", kind.type, field.name);
  }
  if (!value->is_string())
    return fmt::format("{}: field \"{}\" must be a text, not {}.", kind.type, field.name,
                       value->type_name());
  const auto& text = value->get_ref<const std::string&>();
  if (text.empty())
    return fmt::format("{}: field \"{}\" must not be empty.", kind.type, field.name);
  if (text.size() > field.bytes_max)
    return fmt::format("{}: field \"{}\" has {} bytes; {} is the most.", kind.type, field.name,
                       text.size(), field.bytes_max);
  command.*field.member = text;
  return {};
}

std::optional<std::string> unknown_field(const json& message, const Kind& kind) {
  for (const auto& [name, value] : message.items()) {
    const bool known = name == "type" || name == "id" ||
                       std::any_of(kind.fields.begin(), kind.fields.end(),
                                   [&](const Field& f) { return f.name == name; });
    if (!known)
      return fmt::format("{}: unknown field \"{}\"; it has {}.", kind.type, shown(name),
                         known_fields(kind));
  }
  return {};
}

std::variant<Command, Refused> read_command(const json& message, const Kind& kind, json id) {
  Command command{.verb = kind.verb, .id = id};
  for (const auto& field : kind.fields) {
    if (field.name.empty()) continue;
    if (auto wrong = read_field(message, kind, field, command))
      return Refused{std::move(id), std::move(*wrong)};
  }
  if (auto wrong = unknown_field(message, kind)) return Refused{std::move(id), std::move(*wrong)};
  return command;
}

}  // namespace

std::variant<Command, Refused> parse_command(std::string_view text) {
  json message;
  try {
    message = json::parse(text);
  } catch (const json::parse_error& e) {
    return Refused{nullptr, fmt::format("This is not JSON: wrong at byte {}.", e.byte)};
  }
  if (!message.is_object())
    return Refused{nullptr, fmt::format("A message is an object {{\"type\", \"id\", ...}}, not {}.",
                                        message.type_name())};
  json id = id_of(message);
  const auto type = message.find("type");
  if (type == message.end() || !type->is_string())
    return Refused{id, fmt::format("Field \"type\" is missing or not a text; it is one of {}.",
                                   known_types())};
  const auto& name = type->get_ref<const std::string&>();
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) { return k.type == name; });
  if (kind == kinds.end())
    return Refused{
        id, fmt::format("There is no command \"{}\"; there are {}.", shown(name), known_types())};
  if (id.is_null())
    return Refused{nullptr, fmt::format("{}: field \"id\" must be an integer or a text of 1 to {} "
                                        "bytes; the answer carries it.",
                                        kind->type, id_bytes_max)};
  return read_command(message, *kind, std::move(id));
}

std::string ack(const json& id, const json& more) {
  json message = more;
  message["type"] = "ack";
  message["id"] = id;
  return dump(message);
}

std::string error(const json& id, std::string_view detail) {
  return dump({{"type", "error"}, {"id", id}, {"detail", detail}});
}

std::string event_message(const Event& event) {
  return dump({{"type", "event"}, {"event", to_json(event)}});
}

std::string state_message(const json& calls) { return dump({{"type", "state"}, {"calls", calls}}); }

std::string resync_message(std::uint64_t dropped) {
  return dump({{"type", "resync"}, {"dropped", dropped}});
}

}  // namespace parley::control
