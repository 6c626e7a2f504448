// agent: who answers the telephone: an agent's TOML file as a value.
//
// A file has a greeting, numbers of turn taking, stock sentences, commands that are heard at every
// closed step, and steps: say, ask, tool, branch, escalate, end. The key that names the kind holds
// the words. Everything that is wrong with a file is reported at once, each with its line.
// README.md has the language; schema/agent.json its schema.
//
// Threads: values; load_agent() reads a file, so not on a media loop once a call is up.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace parley {

enum class SlotType { yes_no, choice, digits, letters, text };
std::string_view slot_type_name(SlotType type);  // "yes_no", ... as parley-expect has them

enum class Confirm { never, unsure, always };

// What an asking step wants to know.
struct Ask {
  std::string slot{};
  SlotType type = SlotType::text;
  std::vector<std::string> choices{};   // choice: the values, as they are written
  std::vector<std::string> examples{};  // text: sentences like those that are expected
  std::vector<unsigned> lengths{};      // digits: the counts that are right; empty: any
  Confirm confirm = Confirm::unsure;
  double unheard_below = 0;          // confidence under which speech counts as not understood
  double unsure_below = 0.5;         // confidence from which an answer needs no confirmation
  std::string read_back{};           // "I have {number}. Is that right?"
  std::string correct{};             // asked after a "no" to the read-back
  std::string spell{};               // choice: asked when it was not understood; empty: never
  std::vector<std::string> again{};  // asked again, in turn
  unsigned retries = 3;              // answers that answer nothing, before on_fail
  unsigned patience_ms = 0;          // silence that ends the answer; 0: by type
  bool keypad = false;               // keys fill it too: # ends
  std::string yes{}, no{};           // yes_no: the step that follows, if not the next
};

struct Step {
  enum class Kind { say, ask, tool, branch, escalate, end };
  std::string id{};
  Kind kind = Kind::say;
  int line = 0;
  std::vector<std::string> words{};  // what is said; several: one after the other, a visit each
  std::string clip{};                // say: the sound file that says it (key play)
  std::string next{};                // empty: the step below
  std::string on_fail{};             // ask, tool: when it comes to nothing
  Ask ask{};
  std::string tool{};                              // tool: its name
  std::map<std::string, std::string> arguments{};  // tool: with {slot} holes
  std::string slot{};                         // tool: where the result goes; branch: what decides
  std::map<std::string, std::string> when{};  // branch: value to step
  std::string reason{};                       // escalate
};

// Words that are heard at every closed step.
struct Command {
  std::string name{};
  std::vector<std::string> phrases{};
  std::string then{};           // a step, or "repeat": the question again
  double unheard_below = 0.25;  // confidence under which it does not count
};

struct TurnNumbers {
  unsigned patience_ms = 0;         // silence that ends a turn; 0: what parleyvad has
  unsigned join_ms = 1500;          // an unfinished number or spelling goes on within
  unsigned keypad_pause_ms = 3000;  // a pause that ends keys when nothing else does
  unsigned barge_in_ms = 600;       // speech that interrupts, words or not
  unsigned min_speech_ms = 200;     // speech without words that is shorter is a noise
  unsigned idle_s = 8;              // silence until the first idle prompt, and between them
  unsigned max_duration_s = 600;
  unsigned think_s = 12;        // the mind must answer within
  unsigned tool_s = 10;         // a tool must answer within
  unsigned filler_ms = 2500;    // a slow tool or mind: "one moment"
  unsigned speak_stall_s = 15;  // speech that makes no progress is given up
};

struct Sentences {
  std::vector<std::string> idle{"Are you still there?", "I can't hear you. Are you still there?"};
  std::string silence = "I can't hear you, so I will hang up now. Goodbye.";
  std::string too_long = "I am sorry, our time is up. Please call again. Goodbye.";
  std::string moment = "One moment, please.";
  std::string apology = "I am sorry, something went wrong on my side. Could you say that again?";
  std::string give_up = "I am sorry, I can't help you right now. Please call again. Goodbye.";
  std::string goodbye = "Goodbye.";
};

struct LlmPart {
  std::string instructions{};
  std::string model{};                 // empty: the engine's
  std::vector<std::string> tools{};    // of "end_call", "escalate"
  unsigned max_turns_remembered = 60;  // messages of history that are sent
};

struct Agent {
  std::string name{};
  std::string voice{};
  std::string language = "en-US";
  std::string greeting{};
  TurnNumbers turn{};
  Sentences sentences{};
  std::optional<LlmPart> llm{};
  std::vector<Command> commands{};
  std::vector<Step> steps{};
  std::string ambient{};  // path of a sound that is heard behind the voice; empty: none
  double ambient_gain_db = -30;
  std::string hold{};                          // path of hold music
  std::map<std::string, std::string> clips{};  // a sentence, and the file that says it
  std::vector<std::string> backchannels{};     // empty: the usual ones of English

  const Step* find(std::string_view id) const;  // null: there is none
};

Result<Agent> load_agent(const std::string& path);
// `name` stands before the line in what is reported.
Result<Agent> parse_agent(std::string_view toml, const std::string& name);

}  // namespace parley
