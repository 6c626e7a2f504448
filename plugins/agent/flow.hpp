// flow: an agent's dialogue, step by step: what was heard or pressed goes in, what to say and what
// may come next comes out.
//
// It is the whole agent when there is no language model, and what is left of it when every model is
// down. Answers that answer nothing are asked again in other words and end in on_fail after
// `retries`. A value that is read back and denied is asked for again. Nothing here knows time:
// patience and silence are the turn machine's.
//
// Threads: none; the owner's. A Flow keeps a reference to its Agent.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "plugins/agent/agent.hpp"
#include "plugins/agent/grammar.hpp"

namespace parley {

struct Expect {
  std::vector<std::string> kinds{};
  std::vector<std::string> phrases{};
  std::string grammar{};
  unsigned patience_ms = 0;
  bool operator==(const Expect&) const = default;
};

struct Utterance {  // what recognition made of the caller's words
  std::string text{};
  double confidence = 1;
  bool rejected = false;
};

namespace flow {
struct Say {
  std::string text;
};
struct AtStep {
  std::string step;
};
struct Filled {
  std::string slot, value;
  bool confirmed;
};
struct CallTool {
  std::string id, name;
  std::map<std::string, std::string> arguments;
};
struct Escalate {
  std::string reason;
};
struct HangUp {};  // when what was said has been heard
using Action = std::variant<Say, AtStep, Filled, CallTool, Escalate, HangUp>;
using Actions = std::vector<Action>;
}  // namespace flow

class Flow {
 public:
  explicit Flow(const Agent& agent) : agent_(agent) {}

  flow::Actions start();  // the greeting and the first steps
  // The steps from the first whose slot is empty: after something else has led the talk.
  flow::Actions resume();
  flow::Actions heard(const Utterance& utterance);
  flow::Actions key(char digit);  // 0-9, *, #
  flow::Actions keys_end();       // no key for a while
  flow::Actions tool_result(const std::string& id, bool ok, const std::string& value);

  // What recognition and endpointing should be ready for now.
  Expect expect() const;
  // The question that is open, to be put again; empty: none.
  std::string question() const;
  // False: a key means nothing here (a "#" after a number that was complete).
  bool wants_key(char digit) const;
  // True: `text` is all of an answer; there is no need to wait for more. False: a part of one.
  bool complete(const std::string& text) const;
  bool waits_for_tool() const { return mode_ == Mode::tool; }
  bool ended() const { return mode_ == Mode::ended; }
  const std::map<std::string, std::string>& slots() const { return slots_; }

 private:
  enum class Mode { idle, asking, confirming, spelling, tool, ended };
  using Actions = flow::Actions;

  void go(const std::string& id, Actions& out);
  void enter(std::size_t at, Actions& out);
  bool enter_one(Actions& out);  // true: the step is done, the next follows
  void next(const std::string& id, Actions& out);
  void fail(Actions& out);
  void ask_again(Actions& out);
  void put(Actions& out, const std::string& text);
  void answer(const Utterance& utterance, Actions& out);
  void answer_value(const Utterance& utterance, Actions& out);
  void answer_confirmation(const Utterance& utterance, Actions& out);
  void take(const std::string& value, bool sure, Actions& out);
  void fill(const std::string& value, bool confirmed, Actions& out);
  void denied(Actions& out);
  bool command(const Utterance& utterance, Actions& out);
  std::string read_back() const;
  std::string fill_in(const std::string& text) const;
  std::string spoken(const std::string& slot, const std::string& value) const;
  std::string phrase(const Step& step);
  bool right_length(const std::string& digits) const;
  const Step& step() const { return agent_.steps[at_]; }
  const Ask& ask() const { return step().ask; }
  bool closed() const;

  const Agent& agent_;
  Mode mode_ = Mode::idle;
  std::size_t at_ = 0;
  unsigned tries_ = 0;  // answers that answered nothing, at this step
  unsigned denials_ = 0;
  unsigned tools_ = 0;
  std::string candidate_;  // the value that is being confirmed
  std::string keys_;
  std::string tool_id_;
  std::string question_;
  std::map<std::string, std::string> slots_;
  std::map<std::string, unsigned> visits_;
};

}  // namespace parley
