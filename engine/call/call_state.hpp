// call_state: the states of a call and the steps that are allowed, as a table: no GStreamer, no
// clock.
//
//   ringing --answered--> live --ended--> ended
//      \------------------ended----------/
#pragma once

#include <string_view>

namespace parley {

enum class CallState { ringing, live, ended };
enum class CallStep { answered, ended };

struct CallTransition {
  CallState state;  // the state after the step
  bool allowed;     // false: nothing happens; a second hang-up, a BYE that crosses ours
};

CallTransition next_state(CallState state, CallStep step);

// Why a call ended, as schema/events.json lists it.
enum class EndReason {
  caller_hangup,
  agent_hangup,
  operator_hangup,
  cancelled,
  refused,
  rejected,
  busy,
  no_answer,
  failed,
  media_timeout,
  max_duration,
  silence,
  shutdown,
};
std::string_view name(EndReason reason);

// The reason an element's "parley-hangup" names; agent_hangup for one it does not know.
EndReason hangup_reason(std::string_view name);

}  // namespace parley
