// conversation: scripted callers against an engine in virtual time, to the last event.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/calls/codec_port.hpp"
#include "tests/support/virtual_engine.hpp"
#include "tools/caller/scripted_caller.hpp"

namespace parley::test {

// An agent that answers twice, and a caller's script that asks it twice.
inline constexpr auto launch = R"(
parleyingress name=ingress payload-map=${PAYLOADS_IN} timeout-ms=${TIMEOUT_MS}
  ! parleyvad
  ! parleystt provider=scripted script="hello there|and what about tomorrow|goodbye" delay-ms=40
  ! parleyturn name=turn llm=scripted greet=false script="Yes, I hear you very well today and I will help you.|Tomorrow is fine." delay-ms=100
  ! parleytts provider=scripted
  ! parleyegress name=egress payload-map=${PAYLOADS_OUT} ptime=${PTIME} seed=7
)";

inline constexpr auto chat = R"(
say hello there my friend
wait agent to finish
say and what about tomorrow
wait agent to finish
hangup
)";

// A script, spoken with `voice`; fails the test when it is wrong.
caller::ProgramRef program(const std::string& script, const std::string& voice = "kal16");

class Conversation {
 public:
  // `codec` as the caller's only one: "PCMU", "G722", "opus" ...
  Conversation(VirtualEngine& engine, const caller::ProgramRef& program, bool record = false,
               const std::string& codec = "PCMU");

  bool over() const { return over_; }  // the engine has said call.ended
  const std::string& call() const { return call_; }
  const Leg& leg() const { return leg_; }
  caller::ScriptedCaller& caller() { return *caller_; }
  CodecPort& port() { return *port_; }

  std::vector<EventPtr> events(const std::string& kind = {}) const;
  EventPtr last(const std::string& kind) const;     // null: there was none
  std::string slot(const std::string& name) const;  // the value it had last
  std::string transcript() const;                   // "caller: ...\nagent: ...\n"

 private:
  VirtualEngine& engine_;
  const std::size_t first_event_;
  Leg leg_;
  std::string call_;
  bool over_ = false;
  std::shared_ptr<CodecPort> port_;
  std::unique_ptr<caller::ScriptedCaller> caller_;
  std::shared_ptr<void> subscription_;
};

// Moves time until all are over; fails the test when `limit` passes first.
void run(VirtualEngine& engine, const std::vector<Conversation*>& all,
         Nanos limit = std::chrono::minutes(5));

}  // namespace parley::test
