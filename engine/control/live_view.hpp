// live_view: what is going on now: the calls that live, their transcripts and their state, folded
// from the stream of events and from nothing else.
//
// The console's page folds the same events in the same way (tools/console/src/fold.ts); both are
// held to tests/control/fold_cases.json.
//
// Threads: pure; the control thread's. It never looks into a call.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/event.hpp"

namespace parley::control {

struct Line {
  std::string who{};  // caller, agent, keys, note
  std::int64_t at = 0;
  std::string text{};
  bool final = true;           // false: a partial transcript, or an utterance that is being said
  std::int64_t utterance = 0;  // the agent's, from 1
  std::optional<std::int64_t> response_ms{};  // the agent's, when it answers speech
  std::optional<std::string> heard_text{};    // set when the agent was interrupted
  bool rejected = false;                      // heard, but it answers nothing
};

struct LiveCall {
  std::string id{};
  std::string state = "ringing";  // or live
  std::string direction{}, from{}, to{}, agent{};
  std::int64_t started_at = 0;                // microseconds since 1970
  std::optional<std::int64_t> answered_at{};  // the same
  std::uint64_t seq = 0;                      // the last event that is in here
  bool caller_speaking = false, agent_speaking = false;
  bool held_by_caller = false, held_by_operator = false;
  std::string recording = "off";           // or on, or paused
  std::optional<std::string> escalated{};  // why
  std::string step{};
  std::vector<nlohmann::json> slots{};  // {slot, value, confirmed}
  std::deque<Line> lines{};
  std::uint64_t lines_dropped = 0;
};

nlohmann::json to_json(const LiveCall& call);

class LiveView {
 public:
  explicit LiveView(std::size_t lines_max = 200) : lines_max_(lines_max) {}

  void fold(const Event& event);
  // Live calls, oldest first, that `wanted` wants.
  nlohmann::json calls(const std::function<bool(const std::string& call)>& wanted) const;
  std::size_t size() const { return calls_.size(); }

 private:
  std::size_t lines_max_;
  std::map<std::string, LiveCall> calls_;
};

}  // namespace parley::control
