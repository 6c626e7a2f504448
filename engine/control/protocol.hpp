// protocol: the WebSocket's words: text from a console in, a command or a sentence about what is
// wrong with it out; and the other way round. schema/control.json describes every message.
//
// Threads: pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/event.hpp"

namespace parley::control {

enum class Verb {
  subscribe,
  unsubscribe,
  dial,
  say,
  press,
  hang_up,
  hold,
  resume,
  pause_recording,
  resume_recording
};

struct Command {
  Verb verb = Verb::subscribe;
  nlohmann::json id{};  // the console's own name for it: a text or an integer
  std::string call{};   // empty: all calls (subscribe, unsubscribe)
  std::string to{};     // dial
  std::string agent{};  // dial; empty: the default one
  std::string text{};   // say
  std::string keys{};   // press
};

struct Refused {
  nlohmann::json id = nullptr;  // null when the message has none that could be read
  std::string detail{};
};

std::variant<Command, Refused> parse_command(std::string_view text);

std::string ack(const nlohmann::json& id, const nlohmann::json& more = nlohmann::json::object());
std::string error(const nlohmann::json& id, std::string_view detail);
std::string event_message(const Event& event);
std::string state_message(const nlohmann::json& calls);
std::string resync_message(std::uint64_t dropped);

}  // namespace parley::control
