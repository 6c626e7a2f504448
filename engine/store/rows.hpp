// rows: what an event changes in the tables beside `events`: calls and transcript entries.
//
// A pure fold, in one place: event in, changes out. `transaction` turns changes into SQL. What the
// transcript says is what was heard: an utterance that was cut has the whole of it as `text` and
// what left before the cut as `heard_text`; one that nobody heard a word of is not in the
// transcript.
//
// Threads: the caller's.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/event.hpp"

namespace parley::store {

struct CallCreated {
  std::string external_id{}, direction{}, from_uri{}, to_uri{}, agent{};
  bool operator==(const CallCreated&) const = default;
};

struct CallAnswered {
  std::int64_t answered_at = 0;  // microseconds since 1970
  bool operator==(const CallAnswered&) const = default;
};

struct CallEnded {
  std::int64_t ended_at = 0;
  std::string reason{};
  bool operator==(const CallEnded&) const = default;
};

struct RecordingStarted {
  std::string path{};
  bool operator==(const RecordingStarted&) const = default;
};

// Merged into the call's metadata (RFC 7396).
struct MetadataPatch {
  nlohmann::json patch = nlohmann::json::object();
  bool operator==(const MetadataPatch&) const = default;
};

// `sequence_number` is given when the entry is written.
struct Entry {
  std::int64_t at = 0;
  std::string entry_type{};  // speech, dtmf, tool_call, tool_result
  std::string speaker{};     // caller, agent, tool
  std::string text{};
  std::optional<std::string> heard_text{};
  std::optional<std::string> tool_id{}, tool_name{}, tool_arguments{}, tool_result{};
  std::optional<bool> tool_ok{};
  bool operator==(const Entry&) const = default;
};

using Change =
    std::variant<CallCreated, CallAnswered, CallEnded, RecordingStarted, MetadataPatch, Entry>;

// Never fails: a field that is missing or of another type counts as empty.
std::vector<Change> rows(const Event& event);

}  // namespace parley::store
