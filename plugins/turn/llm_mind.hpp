// llm_mind: a language model as a mind: streams its answer sentence by sentence, remembers exactly
// what was heard, uses its tools, and leaves the talk to the agent's flow when the model is down.
//
// Threads: the call's loop; the provider does its I/O elsewhere.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/providers/llm.hpp"
#include "plugins/turn/flow_mind.hpp"
#include "plugins/turn/sentences.hpp"

namespace parley::turn {

class LlmMind final : public Mind {
 public:
  LlmMind(Body& body, const Agent& agent, const LlmProvider& provider, LoopRef loop,
          LlmOptions options);

  void start() override;
  void answer(const out::Answer& heard) override;
  bool wants_key(char digit) const override;
  void key(char digit) override;
  void keys_end() override;
  void cancel() override;
  void stalled() override;
  void tool_result(const std::string& id, const std::string& json, bool ok) override;
  void tool_late() override;
  void heard(const std::string& text) override;
  Expect expect() const override;
  std::string question() const override { return flow_ ? flow_->question() : std::string(); }
  bool complete(const std::string& text) const override { return !flow_ || flow_->complete(text); }

  // For tests: what the next request would hold.
  const std::vector<LlmMessage>& history() const { return history_; }

 private:
  void ask();
  void drop(std::unique_ptr<LlmStream> stream);
  void said(std::string text);
  void result(const LlmResult& result);
  void finished();
  void failed(const Failure& failure);
  bool use(const LlmToolCall& call);  // true: the call ends
  void tell_user(const std::string& text);

  Body& body_;
  const Agent& agent_;
  const LlmProvider& provider_;
  const LoopRef loop_;
  const LlmOptions options_;
  std::unique_ptr<FlowMind> flow_;  // has taken over
  std::vector<LlmMessage> history_;
  std::vector<LlmToolCall> calls_;
  std::unique_ptr<LlmStream> stream_;
  unsigned asked_ = 0;
  std::shared_ptr<int> generation_ = std::make_shared<int>(0);
  SentenceCutter cutter_;
  std::string keys_;
  bool spoke_ = false;     // in this answer
  unsigned rounds_ = 0;    // requests for one turn
  unsigned failures_ = 0;  // one after the other
};

}  // namespace parley::turn
