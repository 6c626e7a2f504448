#include "engine/call/call_state.hpp"

#include <doctest/doctest.h>

using namespace parley;

TEST_CASE("call state: every allowed step, and no other") {
  struct Row {
    CallState from;
    CallStep step;
    CallState to;
    bool allowed;
  };
  const Row rows[] = {
      {CallState::ringing, CallStep::answered, CallState::live, true},
      {CallState::ringing, CallStep::ended, CallState::ended, true},
      {CallState::live, CallStep::answered, CallState::live, false},
      {CallState::live, CallStep::ended, CallState::ended, true},
      {CallState::ended, CallStep::answered, CallState::ended, false},
      {CallState::ended, CallStep::ended, CallState::ended, false},
  };
  for (const auto& row : rows) {
    CAPTURE(int(row.from));
    CAPTURE(int(row.step));
    const auto next = next_state(row.from, row.step);
    CHECK(next.state == row.to);
    CHECK(next.allowed == row.allowed);
  }
}

TEST_CASE("call state: a reason's name reads back; an unknown one is the agent's hang-up") {
  for (int i = 0; i <= int(EndReason::shutdown); ++i)
    CHECK(hangup_reason(name(EndReason(i))) == EndReason(i));
  CHECK(hangup_reason("tired") == EndReason::agent_hangup);
}
