#include "plugins/turn/llm_mind.hpp"

#include <nlohmann/json.hpp>

#include "plugins/agent/slots.hpp"

namespace parley::turn {
namespace {

constexpr unsigned rounds_max = 4;    // tools and answers, one turn
constexpr unsigned failures_max = 2;  // then it says goodbye, if there is no flow

constexpr auto telephone =
    "You talk on the telephone: short, plain sentences, no lists, no markup. The caller's words "
    "come from speech "
    "recognition and may be wrong.";

const LlmTool end_call{"end_call", "End the call, after you have said goodbye.",
                       R"({"type":"object","properties":{}})"};
const LlmTool escalate{
    "escalate", "Ask a person to call back, when the caller wants one or you cannot help.",
    R"({"type":"object","properties":{"reason":{"type":"string"}},"required":["reason"]})"};

std::vector<LlmTool> tools_of(const Agent& agent) {
  if (!agent.llm || agent.llm->tools.empty()) return {end_call};
  std::vector<LlmTool> tools;
  for (const auto& name : agent.llm->tools)
    tools.push_back(name == escalate.name ? escalate : end_call);
  return tools;
}

}  // namespace

LlmMind::LlmMind(Body& body, const Agent& agent, const LlmProvider& provider, LoopRef loop,
                 LlmOptions options)
    : body_(body),
      agent_(agent),
      provider_(provider),
      loop_(std::move(loop)),
      options_(std::move(options)) {
  const auto own = agent.llm ? agent.llm->instructions : std::string();
  history_.push_back(
      {.role = LlmMessage::Role::system, .text = own + (own.empty() ? "" : "\n\n") + telephone});
}

void LlmMind::start() {
  if (agent_.greeting.empty()) {
    tell_user("(The call has begun. Greet the caller.)");
    rounds_ = 0;
    return ask();
  }
  speak(body_, agent_.greeting);
  body_.done();
}

void LlmMind::answer(const out::Answer& heard) {
  if (flow_) return flow_->answer(heard);
  cancel();
  rounds_ = 0;
  tell_user(heard.rejected || heard.text.empty()
                ? "(The caller said something that was not understood.)"
                : heard.text);
  ask();
}

// One message a turn: words that go on with what the caller said are added to it.
void LlmMind::tell_user(const std::string& text) {
  if (history_.back().role == LlmMessage::Role::user)
    history_.back().text += " " + text;
  else
    history_.push_back({.role = LlmMessage::Role::user, .text = text});
}

void LlmMind::ask() {
  const std::size_t kept = agent_.llm ? agent_.llm->max_turns_remembered : 60;
  LlmRequest request{.messages = {history_.front()}, .tools = tools_of(agent_)};
  auto first = history_.size() > kept ? history_.size() - kept : 1;
  while (first < history_.size() && history_[first].role != LlmMessage::Role::user && first > 1)
    ++first;
  request.messages.insert(request.messages.end(), history_.begin() + std::ptrdiff_t(first),
                          history_.end());
  calls_.clear();
  cutter_ = {};
  ++rounds_;
  // The sink may be called before ask() returns, and what it is told may lead to another ask().
  const auto number = ++asked_;
  drop(std::move(stream_));
  auto stream = provider_.ask(loop_, options_, request,
                              [this, alive = std::weak_ptr(generation_)](LlmResult r) {
                                if (!alive.expired()) result(r);
                              });
  if (number == asked_)
    stream_ = std::move(stream);
  else
    drop(std::move(stream));
}

// A stream may be calling us right now: it goes when that call is over.
void LlmMind::drop(std::unique_ptr<LlmStream> stream) {
  if (stream) body_.later(Nanos(0), [gone = std::shared_ptr<LlmStream>(std::move(stream))] {});
}

void LlmMind::result(const LlmResult& r) {
  if (const auto* text = std::get_if<LlmText>(&r)) {
    for (const auto& s : cutter_.push(text->text)) said(s);
  } else if (const auto* call = std::get_if<LlmToolCall>(&r)) {
    calls_.push_back(*call);
  } else if (const auto* failure = std::get_if<Failure>(&r)) {
    failed(*failure);
  } else {
    finished();
  }
}

void LlmMind::said(std::string text) {
  spoke_ = true;
  body_.sentence(text, false);
}

void LlmMind::finished() {
  failures_ = 0;
  if (const auto rest = cutter_.finish(); !rest.empty()) said(rest);
  bool ends = false;
  if (!calls_.empty())
    history_.push_back({.role = LlmMessage::Role::assistant, .text = {}, .tool_calls = calls_});
  for (const auto& call : std::exchange(calls_, {})) ends |= use(call);
  const bool used = history_.back().role == LlmMessage::Role::tool;
  if (used && !ends && rounds_ < rounds_max) return ask();
  if (ends && !spoke_) said(agent_.sentences.goodbye);
  if (!ends && !spoke_) said(agent_.sentences.apology);  // it answered without a word
  body_.sentence("", true);
  spoke_ = false;
  if (ends) body_.hang_up("agent_hangup");
  body_.done();
}

bool LlmMind::use(const LlmToolCall& call) {
  body_.tool_called(call.id, call.name, call.arguments, true);
  std::string result = R"({"ok":true})";
  bool ok = true;
  if (call.name == escalate.name) {
    const auto arguments = nlohmann::json::parse(call.arguments, nullptr, false);
    const bool given =
        arguments.is_object() && arguments.contains("reason") && arguments["reason"].is_string();
    body_.escalated(given ? arguments["reason"].get<std::string>()
                          : "the model asked for a person");
  } else if (call.name != end_call.name) {
    ok = false;
    result = nlohmann::json{{"error", "there is no tool named " + call.name}}.dump();
  }
  body_.tool_returned(call.id, call.name, result, ok);
  history_.push_back(
      {.role = LlmMessage::Role::tool, .text = result, .tool_calls = {}, .tool_call_id = call.id});
  return call.name == end_call.name;
}

void LlmMind::failed(const Failure& failure) {
  body_.provider_failed(std::string(provider_.name), failure.what, failure.retry);
  generation_ = std::make_shared<int>(0);
  ++asked_;
  cutter_ = {};
  calls_.clear();
  if (std::exchange(spoke_, false)) {  // half an answer is one; the next turn tries again
    ++failures_;
    body_.sentence("", true);
    return body_.done();
  }
  if (!agent_.steps.empty()) {
    flow_ = std::make_unique<FlowMind>(body_, agent_);
    return flow_->resume("I am sorry, let me take this down for you.");
  }
  const bool enough = ++failures_ >= failures_max;
  speak(body_, enough ? agent_.sentences.give_up : agent_.sentences.apology);
  if (enough) body_.hang_up("agent_hangup");
  body_.done();
}

void LlmMind::cancel() {
  if (flow_) return flow_->cancel();
  generation_ = std::make_shared<int>(0);
  ++asked_;
  drop(std::move(stream_));
  cutter_ = {};
  calls_.clear();
  spoke_ = false;
}

void LlmMind::stalled() {
  if (flow_) return flow_->stalled();
  drop(std::move(stream_));
  failed({.what = "the model did not answer in time", .retry = true});
}

void LlmMind::heard(const std::string& text) {
  if (!text.empty()) history_.push_back({.role = LlmMessage::Role::assistant, .text = text});
}

bool LlmMind::wants_key(char digit) const {
  return flow_ ? flow_->wants_key(digit) : digit != '*' && (digit != '#' || !keys_.empty());
}

void LlmMind::key(char digit) {
  if (flow_) return flow_->key(digit);
  if (digit == '#') return keys_end();
  keys_ += digit;
}

void LlmMind::keys_end() {
  if (flow_) return flow_->keys_end();
  if (keys_.empty()) return;
  cancel();
  rounds_ = 0;
  tell_user("(The caller pressed " + std::exchange(keys_, {}) + " on the keypad.)");
  body_.waiting(false);
  ask();
}

void LlmMind::tool_result(const std::string& id, const std::string& json, bool ok) {
  if (flow_) flow_->tool_result(id, json, ok);
}

void LlmMind::tool_late() {
  if (flow_) flow_->tool_late();
}

// A local recogniser hears better when it knows what people may say.
Expect LlmMind::expect() const {
  if (flow_) return flow_->expect();
  Expect e{.kinds = {"text"}, .phrases = {}, .grammar = {}, .patience_ms = agent_.turn.patience_ms};
  for (const auto& s : agent_.steps) {
    e.phrases.insert(e.phrases.end(), s.ask.examples.begin(), s.ask.examples.end());
    e.phrases.insert(e.phrases.end(), s.ask.choices.begin(), s.ask.choices.end());
  }
  return e;
}

}  // namespace parley::turn
