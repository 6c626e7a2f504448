// backend: what the control server needs of the rest, as functions: it knows neither store nor
// calls. main.cpp fills it in.
//
// Threads: called on the control thread; nothing here blocks longer than a read of the database.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/result.hpp"

namespace parley::control {

struct CallFilter {
  std::string state{};   // "", "ringing", "live", "ended"
  int limit = 50;        // 1-200
  std::string cursor{};  // `next` of the page before
};

struct Backend {
  // History. {"items": [call...], "next": cursor or null}; newest first. A call is the row of table
  // `calls` with times in RFC 3339 and `metadata` as an object.
  std::function<Result<nlohmann::json>(const CallFilter&)> calls{};
  // The call with "transcript": [entry...]; null when there is no such call.
  std::function<Result<nlohmann::json>(const std::string& id)> call{};

  // Commands. An error is a sentence for the operator. dial answers {"call": id}.
  std::function<Result<nlohmann::json>(const std::string& to, const std::string& agent)> dial{};
  std::function<Status(const std::string& call, const std::string& text)> say{};
  std::function<Status(const std::string& call)> hang_up{};

  // For /health: {"calls_live": n, "pipelines_live": n, "sip": "...", ...}
  std::function<nlohmann::json()> health{};
};

}  // namespace parley::control
