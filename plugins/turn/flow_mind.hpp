// flow_mind: an agent's flow as a mind; also what is left of a language model's agent when the
// model is down. Threads: the call's loop.
#pragma once

#include "plugins/turn/mind.hpp"

namespace parley::turn {

class FlowMind final : public Mind {
 public:
  FlowMind(Body& body, const Agent& agent) : body_(body), agent_(agent), flow_(agent) {}

  void start() override { act(flow_.start()); }
  void resume(const std::string& first);  // `first` is said ahead of the open question
  void answer(const out::Answer& heard) override;
  bool wants_key(char digit) const override { return flow_.wants_key(digit); }
  void key(char digit) override { act(flow_.key(digit)); }
  void keys_end() override { act(flow_.keys_end()); }
  void stalled() override { speak_and_end(agent_.sentences.apology); }
  void tool_result(const std::string& id, const std::string& json, bool ok) override;
  void tool_late() override;
  Expect expect() const override { return flow_.expect(); }
  std::string question() const override { return flow_.question(); }
  bool complete(const std::string& text) const override { return flow_.complete(text); }

 private:
  void act(const flow::Actions& actions);
  void speak_and_end(const std::string& text);

  Body& body_;
  const Agent& agent_;
  Flow flow_;
  std::string tool_id_, tool_name_;  // of the tool that is out
};

}  // namespace parley::turn
