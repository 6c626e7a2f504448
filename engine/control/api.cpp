#include "engine/control/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <string_view>
#include <variant>

#include "engine/base/log.hpp"
#include "engine/control/recording.hpp"
#include "engine/control/schemas.hpp"

namespace parley::control {
namespace {

using nlohmann::json;

constexpr std::size_t cursor_bytes_max = 256;
constexpr std::array<std::string_view, 3> states = {"ringing", "live", "ended"};

Response health(const Backend& backend, const std::function<json()>& own_health) {
  json body = backend.health ? backend.health() : json::object();
  if (!body.contains("status")) body["status"] = "ok";
  body["version"] = version();
  body["control"] = own_health();
  return json_response(body, body["status"] == "ok" ? 200 : 503);
}

// The filter in the query, or the sentence that says what is wrong with it.
Result<CallFilter> read_filter(const Request& request) {
  CallFilter filter;
  for (const auto& [name, value] : request.query) {
    if (name == "state") {
      if (std::find(states.begin(), states.end(), value) == states.end())
        return Error{fmt::format("state must be {}, not \"{}\".", fmt::join(states, ", "),
                                 value.substr(0, 40))};
      filter.state = value;
    } else if (name == "limit") {
      const auto* end = value.data() + value.size();
      const auto [last, error] = std::from_chars(value.data(), end, filter.limit);
      if (error != std::errc{} || last != end || filter.limit < 1 || filter.limit > 200)
        return Error{fmt::format("limit must be 1 to 200, not \"{}\".", value.substr(0, 40))};
    } else if (name == "cursor") {
      if (value.size() > cursor_bytes_max) return Error{"cursor must be the \"next\" of a page."};
      filter.cursor = value;
    } else {
      return Error{fmt::format("There is no parameter \"{}\"; there are state, limit, cursor.",
                               name.substr(0, 40))};
    }
  }
  return filter;
}

Response answer(const Result<json>& result) {
  if (result) return json_response(*result);
  log::warn("control", "", "the history cannot be read: {}", result.error());
  return problem(503, result.error());
}

Response calls(const Backend& backend, const Request& request) {
  const auto filter = read_filter(request);
  if (!filter) return problem(422, filter.error());
  if (!backend.calls) return problem(503, "This server keeps no history of calls.");
  return answer(backend.calls(*filter));
}

Response call(const Backend& backend, const Request& request) {
  const auto& id = request.holes.at("id");
  if (!backend.call) return problem(503, "This server keeps no history of calls.");
  const auto found = id.size() <= 64 ? backend.call(id) : Result<json>(json(nullptr));
  if (found && found->is_null())
    return problem(404, fmt::format("There is no call {}.", id.substr(0, 64)));
  return answer(found);
}

Response upgrade_needed(const Request&) {
  auto response = problem(426, "This is a WebSocket; open it with an upgrade.");
  response.headers.emplace_back("upgrade", "websocket");
  return response;
}

Response call_recording(const Backend& backend, const Request& request) {
  const auto& id = request.holes.at("id");
  if (!backend.call) return problem(503, "This server keeps no history of calls.");
  const auto found = id.size() <= 64 ? backend.call(id) : Result<json>(json(nullptr));
  if (!found) return answer(found);
  const auto path = found->is_object() ? found->value("recording", json()) : json();
  if (!path.is_string())
    return problem(404, fmt::format("There is no recording of a call {}.", id.substr(0, 64)));
  return recording(path.get<std::string>(), request.range);
}

json text_schema(json more = json::object()) {
  more["type"] = "string";
  return more;
}

Result<json> empty_ack(const Status& status) {
  if (!status) return Error{status.error()};
  return json::object();
}

}  // namespace

std::vector<Route> api_routes(const Backend& backend, std::function<json()> own_health) {
  std::vector<Route> table = {
      {.method = "GET",
       .path = "/health",
       .handler = [&backend, own_health](const Request&) { return health(backend, own_health); },
       .summary = "Whether the engine is well, and what it does",
       .response_schema = "Health"},
      {.method = "GET",
       .path = "/api/v1/calls",
       .handler = [&backend](const Request& r) { return calls(backend, r); },
       .permission = "calls.read",
       .summary = "Calls, newest first, a page at a time",
       .parameters = {{"state", "Only calls in this state", text_schema({{"enum", states}})},
                      {"limit",
                       "How many at most",
                       {{"type", "integer"}, {"minimum", 1}, {"maximum", 200}, {"default", 50}}},
                      {"cursor", "The \"next\" of the page before", text_schema()}},
       .response_schema = "CallPage"},
      {.method = "GET",
       .path = "/api/v1/calls/{id}",
       .handler = [&backend](const Request& r) { return call(backend, r); },
       .permission = "calls.read",
       .summary = "A call with its transcript",
       .response_schema = "CallWithTranscript"},
      {.method = "GET",
       .path = "/api/v1/calls/{id}/recording",
       .handler = [&backend](const Request& r) { return call_recording(backend, r); },
       .permission = "recordings.read",
       .summary = "What a call sounded like: the caller left, the agent right; Range is honoured",
       .response_type = "audio/*"},
      {.method = "GET",
       .path = "/api/v1/ws",
       .handler = upgrade_needed,
       .permission = "calls.watch",
       .summary = "Live events and commands: a WebSocket",
       .websocket = true},
      {.method = "GET",
       .path = "/media/twilio",
       .handler = upgrade_needed,
       .aliases = {"/media/twilio/{agent}"},
       .summary = "A Twilio media stream: a WebSocket",
       .websocket = true},
      {.method = "GET",
       .path = "/media/telnyx",
       .handler = upgrade_needed,
       .aliases = {"/media/telnyx/{agent}"},
       .summary = "A Telnyx media stream: a WebSocket",
       .websocket = true},
  };
  const auto description = openapi(table, api_schemas(), version());
  table.push_back(
      {.method = "GET", .path = "/openapi.json", .handler = [description](const Request&) {
         return json_response(description);
       }});
  return table;
}

Result<json> run(const Backend& backend, const Command& command) try {
  switch (command.verb) {
    case Verb::dial:
      if (!backend.dial) return Error{"This server cannot dial."};
      return backend.dial(command.to, command.agent);
    case Verb::say:
      if (!backend.say) return Error{"This server has no calls to speak in."};
      return empty_ack(backend.say(command.call, command.text));
    case Verb::press:
      if (!backend.press) return Error{"This server has no calls to press keys in."};
      return empty_ack(backend.press(command.call, command.keys));
    case Verb::hang_up:
      if (!backend.hang_up) return Error{"This server has no calls to hang up."};
      return empty_ack(backend.hang_up(command.call));
    case Verb::hold:
    case Verb::resume:
      if (!backend.hold) return Error{"This server has no calls to put on hold."};
      return empty_ack(backend.hold(command.call, command.verb == Verb::hold));
    case Verb::pause_recording:
    case Verb::resume_recording:
      if (!backend.pause_recording) return Error{"This server records no calls."};
      return empty_ack(
          backend.pause_recording(command.call, command.verb == Verb::pause_recording));
    case Verb::subscribe:
    case Verb::unsubscribe:
      break;  // the session's
  }
  return json::object();
} catch (const std::exception& e) {
  log::error("control", command.call, "a console's command failed: {}", e.what());
  return Error{"The server failed to do that; its log says why."};
}

}  // namespace parley::control
