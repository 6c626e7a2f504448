#include "engine/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>

namespace parley::log {
namespace {

std::atomic<bool> json_lines{false};

spdlog::logger& logger() {
  static const auto one = [] {
    auto l = std::make_shared<spdlog::logger>(
        "parley", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    l->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    l->set_level(spdlog::level::info);
    l->flush_on(spdlog::level::info);
    return l;
  }();
  return *one;
}

constexpr spdlog::level::level_enum spd(Level level) {
  constexpr spdlog::level::level_enum table[] = {spdlog::level::debug, spdlog::level::info,
                                                 spdlog::level::warn, spdlog::level::err,
                                                 spdlog::level::off};
  return table[int(level)];
}

}  // namespace

bool setup(std::string_view level, std::string_view format) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error", "off"};
  if (format != "text" && format != "json") return false;
  for (int i = 0; i < 5; ++i) {
    if (names[i] != level) continue;
    logger().set_level(spd(Level(i)));
    if (format == "json") {
      json_lines = true;
      logger().set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                           spdlog::pattern_time_type::utc);
    }
    return true;
  }
  return false;
}

bool enabled(Level level) { return logger().should_log(spd(level)); }

void write(Level level, std::string_view tag, std::string_view call, std::string_view sentence) {
  if (json_lines) {
    const nlohmann::json fields = {{"tag", tag}, {"call", call}, {"message", sentence}};
    const auto text = fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    logger().log(spd(level), "{}", std::string_view(text).substr(1, text.size() - 2));
  } else if (call.empty()) {
    logger().log(spd(level), "{}: {}", tag, sentence);
  } else {
    logger().log(spd(level), "{} [{}]: {}", tag, call.substr(call.size() > 6 ? call.size() - 6 : 0),
                 sentence);
  }
}

}  // namespace parley::log
