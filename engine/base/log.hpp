// log: a tag, the call, a sentence; to standard error, as text or as JSON lines.
//
// ERROR a person must act; WARN something was lost; INFO the story of a call in ten lines; DEBUG
// decisions. No words, numbers, prompts or keys of a conversation: they are in the store, where
// they can be deleted.
//
// Threads: any. setup() once, at start.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace parley::log {

enum class Level { debug, info, warn, error, off };

// False: `level` ("debug".."off") or `format` ("text", "json") has no such value.
[[nodiscard]] bool setup(std::string_view level, std::string_view format);

void write(Level level, std::string_view tag, std::string_view call, std::string_view sentence);
bool enabled(Level level);

#define PARLEY_LOG_LEVEL(name)                                                             \
  template <class... Args>                                                                 \
  void name(std::string_view tag, std::string_view call, fmt::format_string<Args...> form, \
            Args&&... args) {                                                              \
    if (enabled(Level::name))                                                              \
      write(Level::name, tag, call, fmt::format(form, std::forward<Args>(args)...));       \
  }
PARLEY_LOG_LEVEL(debug)
PARLEY_LOG_LEVEL(info)
PARLEY_LOG_LEVEL(warn)
PARLEY_LOG_LEVEL(error)
#undef PARLEY_LOG_LEVEL

}  // namespace parley::log
