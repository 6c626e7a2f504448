// event: the one record of what happened. schema/events.json describes each kind.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace parley {

struct Event {
  std::string call;             // empty: an event of the process
  std::uint64_t seq = 0;        // from 1, without gaps, within its call (or the process)
  std::int64_t at = 0;          // microseconds since the call's started_at (or the process's start)
  std::int64_t started_at = 0;  // that moment, as microseconds since 1970 (UTC)
  std::string kind;             // dotted: "speech.started"
  nlohmann::json body = nlohmann::json::object();
};

using EventPtr = std::shared_ptr<const Event>;

// As consoles and webhooks see it: {"call","seq","at","time","kind","body"}; time is RFC 3339, UTC.
nlohmann::json to_json(const Event& event);

std::string rfc3339(std::int64_t utc_us);  // "2026-01-01T00:00:00.000000Z"

}  // namespace parley
