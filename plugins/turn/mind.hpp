// mind: what answers a turn: the flow of an agent's file, a language model, or a script.
//
// A mind is told what was heard or pressed and answers through its Body, at once or later:
// sentences, then done(). After cancel() it says nothing more to that turn.
//
// Threads: the call's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/clock.hpp"
#include "plugins/agent/flow.hpp"
#include "plugins/turn/turn_machine.hpp"

namespace parley::turn {

// What a mind can do. Everything may be called from within a mind's functions.
class Body {
 public:
  virtual ~Body() = default;
  virtual void sentence(const std::string& text, bool last) = 0;
  virtual void done() = 0;
  virtual void waiting(
      bool for_a_tool) = 0;  // at work on an answer that nobody asked for, or on a tool
  virtual void hang_up(const std::string& reason) = 0;
  virtual void at_step(const std::string& step) = 0;
  virtual void filled(const std::string& slot, const std::string& value, bool confirmed) = 0;
  virtual void escalated(const std::string& reason) = 0;
  virtual void tool_called(const std::string& id, const std::string& name,
                           const std::string& arguments, bool ours) = 0;
  virtual void tool_returned(const std::string& id, const std::string& name,
                             const std::string& result, bool ok) = 0;
  virtual void provider_failed(const std::string& provider, const std::string& detail,
                               bool retry) = 0;
  virtual void later(Nanos delay, std::function<void()> task) = 0;
};

class Mind {
 public:
  virtual ~Mind() = default;
  virtual void start() = 0;  // open the talk
  virtual void answer(const out::Answer& heard) = 0;
  virtual bool wants_key(char) const { return false; }
  virtual void key(char) {}
  virtual void keys_end() {}
  virtual void cancel() {}
  virtual void stalled() = 0;  // it has not answered in time
  virtual void tool_result(const std::string&, const std::string&, bool) {}  // id, JSON, ok
  virtual void tool_late() {}
  virtual void heard(const std::string&) {}  // what of the agent's words has been heard
  virtual Expect expect() const { return {}; }
  virtual std::string question() const { return {}; }
  virtual bool complete(const std::string&) const { return true; }
};

// Speaks `text` sentence by sentence; the last one ends the utterance.
void speak(Body& body, const std::string& text);

std::unique_ptr<Mind> flow_mind(Body& body, const Agent& agent);
// Answers with the next of `replies` (separated by |), round and round, `delay` after it was asked.
std::unique_ptr<Mind> script_mind(Body& body, const std::string& greeting,
                                  const std::string& replies, Nanos delay);

}  // namespace parley::turn
