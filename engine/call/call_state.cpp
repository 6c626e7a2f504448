#include "engine/call/call_state.hpp"

#include <array>

namespace parley {
namespace {

struct Row {
  CallState from;
  CallStep step;
  CallState to;
};
constexpr std::array rows = {
    Row{CallState::ringing, CallStep::answered, CallState::live},
    Row{CallState::ringing, CallStep::ended, CallState::ended},
    Row{CallState::live, CallStep::ended, CallState::ended},
};

constexpr std::array<std::string_view, 13> reasons = {
    "caller_hangup", "agent_hangup", "operator_hangup", "cancelled", "refused",
    "rejected",      "busy",         "no_answer",       "failed",    "media_timeout",
    "max_duration",  "silence",      "shutdown"};

}  // namespace

CallTransition next_state(CallState state, CallStep step) {
  for (const auto& row : rows)
    if (row.from == state && row.step == step) return {row.to, true};
  return {state, false};
}

std::string_view name(EndReason reason) { return reasons.at(std::size_t(reason)); }

EndReason hangup_reason(std::string_view name) {
  for (std::size_t i = 0; i < reasons.size(); ++i)
    if (reasons[i] == name) return EndReason(i);
  return EndReason::agent_hangup;
}

}  // namespace parley
