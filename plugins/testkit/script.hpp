// script: what a caller does, as a text file: one step a line, read into values.
//
// The language is in README.md. The caller doesn't recognise speech, so a script waits for the
// sound of the agent (it spoke, it is silent), never for words. Pure: text in, values out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace parley::caller {

enum class Do {
  say,            // text, voice
  interrupt,      // text, voice; `time` into what the agent is saying
  play,           // text: a WAV file
  press,          // text: keys
  pause,          // time
  wait_speak,     // until the agent speaks
  wait_finish,    // until the agent has spoken and has been silent for `gap`
  wait_silence,   // until the agent has been silent for `time`
  wait_hangup,    // until the other side ends the call
  expect_stop,    // the agent fell silent within `time` of the last interruption's begin
  expect_answer,  // the agent began to speak within `time` of the caller's last sound
  expect_spoken,  // the agent has spoken at least `count` times
  hangup,
};

struct Step {
  Do what = Do::pause;
  int line = 0;
  std::string text{};
  std::string voice{};  // empty: the caller's own
  Nanos time{0};
  Nanos timeout = 20s;  // of a wait
  Nanos gap = 700ms;    // how long a silence means that the agent has finished
  int count = 0;

  bool operator==(const Step&) const = default;
};

struct Script {
  std::vector<Step> steps{};
  std::optional<double> noise_db{};  // line noise so far below the voice
};

// Every wrong line is reported at once, each with its number.
Result<Script> parse_script(std::string_view text);

// "say", "wait agent to finish", ...: how the script calls it.
std::string_view name_of(Do what);

}  // namespace parley::caller
