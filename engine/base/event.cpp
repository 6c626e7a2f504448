#include "engine/base/event.hpp"

#include <fmt/core.h>

#include <ctime>

namespace parley {

std::string rfc3339(std::int64_t utc_us) {
  const std::time_t seconds = utc_us / 1'000'000;
  std::tm t{};
  gmtime_r(&seconds, &t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, utc_us % 1'000'000);
}

nlohmann::json to_json(const Event& e) {
  return {{"call", e.call.empty() ? nlohmann::json(nullptr) : nlohmann::json(e.call)},
          {"seq", e.seq},
          {"at", e.at},
          {"time", rfc3339(e.started_at + e.at)},
          {"kind", e.kind},
          {"body", e.body}};
}

}  // namespace parley
