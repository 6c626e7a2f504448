// parleyturn: text in, text out: takes turns with the caller and has an agent's mind answer.
//
//   gst-launch-1.0 -m autoaudiosrc ! audioconvert ! audioresample ! parleyvad ! parleystt !
//       parleyturn agent=pipelines/agents/reception.toml ! parleytts ! parleyegress ! autoaudiosink
//
// Finals, partials, speech and keys go to the turn machine; what it decides is done here: text
// buffers for parleytts, the flush of an interruption, what recognition should expect, and what is
// told on the bus. What arrives while a decision is carried out waits until that is done. The mind
// is the agent's flow, a language model (llm, llm-url) over it, or a script (llm=scripted).
//
// Threads: the call's loop. The action signals `say` and `tool-result` may come from any thread.
#include "plugins/turn/turn.hpp"

#include <atomic>
#include <cstring>
#include <deque>
#include <stdexcept>

#include "plugins/agent/agent_cache.hpp"
#include "plugins/agent/slots.hpp"
#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/providers/llm.hpp"
#include "plugins/turn/llm_mind.hpp"
#include "plugins/turn/mind.hpp"
#include "plugins/turn/turn_machine.hpp"

namespace parley::turn {
namespace {

struct Settings {
  std::string agent{};
  std::string llm{};
  std::string llm_url{};
  std::string llm_model{};
  std::string llm_key_env{};
  std::string script{};
  guint delay_ms = 0;
  bool greet = true;
};

constexpr auto usual_llm = "openai";
constexpr auto usual_script = "Yes, I understand. How else can I help?";
constexpr std::size_t inputs_max = 4096;  // queued while a decision is carried out

class Turn final : public gst::Node<Turn, Settings>, public Body {
 public:
  static constexpr gst::Description about{
      "ParleyTurn", "parleyturn", "Turn taking", "Filter/Text",
      "Takes turns with a caller: an agent's dialogue or a language model answers what was heard"};
  static constexpr auto properties = std::tuple{
      gst::prop("agent", "Path of the agent's file (TOML)", &Settings::agent),
      gst::prop("llm",
                "Who thinks: empty for the agent's flow, the name of a language model service "
                "(openai), or scripted (with llm-model: the scripted service)",
                &Settings::llm),
      gst::prop("llm-url", "Where the service is, up to /v1; given alone it means llm=openai",
                &Settings::llm_url),
      gst::prop("llm-model", "The service's model; empty: the agent's", &Settings::llm_model),
      gst::prop("llm-key-env", "Environment variable that holds the service's key",
                &Settings::llm_key_env),
      gst::prop("script",
                "Without agent, or with llm=scripted: the answers, separated by |, round and round",
                &Settings::script),
      gst::prop("delay-ms", "Time a scripted answer takes, in ms", &Settings::delay_ms, {0, 60000}),
      gst::prop("greet", "Speak first, with the agent's greeting", &Settings::greet)};

  static void class_init(GstElementClass* klass) {
    setup(klass, gst::text_caps, gst::text_caps);
    const auto type = G_TYPE_FROM_CLASS(klass);
    const auto flags = GSignalFlags(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
    g_signal_new_class_handler("say", type, flags,
                               G_CALLBACK(+[](GstElement* e, const gchar* text) {
                                 of(e).elsewhere([words = std::string(text ? text : "")](Turn& me) {
                                   me.take(in::Say{words});
                                 });
                               }),
                               nullptr, nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_STRING);
    g_signal_new_class_handler(
        "tool-result", type, flags,
        G_CALLBACK(+[](GstElement* e, const gchar* id, const gchar* json) {
          of(e).elsewhere([i = std::string(id ? id : ""),
                           j = std::string(json ? json : "")](Turn& me) { me.returned(i, j); });
        }),
        nullptr, nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  }
  using Node::Node;

  void started() {
    agent_ = load();
    inputs_.clear();
    busy_ = told_end_ = false;
    stream_ready_ = playing_ = false;
    expected_ = {};
    timer_ = 0;
    finals_confidence_ = 1;
    finals_rejected_ = false;
    mind_ = make_mind();
    machine_ = std::make_unique<TurnMachine>(
        agent_->turn, agent_->sentences, agent_->backchannels,
        [this](const std::string& text) { return mind_->complete(text); });
    has_loop_ = true;
  }

  void playing() {
    playing_ = true;
    begin_soon();
  }

  void stopped() {
    has_loop_ = false;
    flushing_allowed_ = false;
    take(in::Stop{});
    flushing_allowed_ = true;
    if (timer_) loop().cancel(timer_);
    mind_.reset();
  }

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    const gst::Map map(buffer.get(), GST_MAP_READ);
    const auto chars = map.as<char>();
    take(in::Final{{chars.begin(), chars.end()},
                   std::exchange(finals_confidence_, 1),
                   std::exchange(finals_rejected_, false)});
    return GST_FLOW_OK;
  }

  bool event(gst::Ref<GstEvent> e) {
    if (GST_EVENT_TYPE(e.get()) == GST_EVENT_EOS) {
      take(in::End{});
      return true;  // goes on when all has been said
    }
    if (GST_EVENT_TYPE(e.get()) == GST_EVENT_CUSTOM_DOWNSTREAM)
      note(gst_event_get_structure(e.get()));
    const bool segment = GST_EVENT_TYPE(e.get()) == GST_EVENT_SEGMENT;
    const bool taken = forward(std::move(e));
    if (segment) {
      stream_ready_ = true;
      begin_soon();
    }
    return taken;
  }

  bool upstream_event(gst::Ref<GstEvent> e) {
    const auto* s = gst_event_get_structure(e.get());
    if (!s || !gst_structure_has_name(s, "parley-spoken"))
      return Node::upstream_event(std::move(e));
    spoken(s);
    return true;
  }

 private:
  // --- the beginning ---

  // Answers that were written beforehand, without flow and model.
  bool scripted() {
    const auto& s = settings();
    if (s.llm == "scripted") return s.llm_model.empty();
    return s.llm.empty() && s.llm_url.empty() && s.agent.empty() && !s.script.empty();
  }

  std::shared_ptr<const Agent> load() {
    const auto& s = settings();
    if (s.agent.empty()) {
      if (!scripted())
        throw std::runtime_error(
            "parleyturn needs agent=, the path of an agent's file, or script=");
      return std::make_shared<const Agent>();
    }
    auto agent = cached_agent(s.agent);
    if (!agent) throw std::runtime_error(agent.error());
    return *std::move(agent);
  }

  std::unique_ptr<Mind> make_mind() {
    const auto& s = settings();
    if (scripted())
      return script_mind(*this, s.greet ? agent_->greeting : std::string(),
                         s.script.empty() ? usual_script : s.script, Nanos(1ms) * s.delay_ms);
    if (s.llm.empty() && s.llm_url.empty()) {
      if (agent_->steps.empty())
        throw std::runtime_error(
            s.agent + ": the agent has no [[step]], so it needs a language model: set llm-url");
      return flow_mind(*this, *agent_);
    }
    const auto name = s.llm.empty() ? std::string(usual_llm) : s.llm;
    const auto* provider = find_llm(name);
    if (!provider) throw std::runtime_error("no language model provider is named " + name);
    const LlmOptions options{
        .url = s.llm_url,
        .model = s.llm_model.empty() && agent_->llm ? agent_->llm->model : s.llm_model,
        .key_env = s.llm_key_env};
    return std::make_unique<LlmMind>(*this, *agent_, *provider, loop().shared_from_this(), options);
  }

  // Data may flow, and somebody is there to hear it. In virtual time a file's first data says so.
  void begin_soon() {
    if (!stream_ready_ || !(playing_ || loop().is_virtual()) || machine_->state() != State::idle)
      return;
    at(loop().now(), [this] { take(in::Start{}); });
  }

  // --- what comes in ---

  void note(const GstStructure* s) {
    if (!s) return;
    if (gst_structure_has_name(s, "parley-vad")) {
      if (gst::get_bool(s, "speech")) return take(in::SpeechStarted{});
      return take(in::SpeechStopped{Nanos(gst::get_int(s, "voiced-until")),
                                    Nanos(1ms) * gst::get_int(s, "voiced-ms")});
    }
    if (gst_structure_has_name(s, "parley-partial"))
      return take(in::Partial{gst::get_text(s, "text")});
    if (gst_structure_has_name(s, "parley-final")) {
      finals_confidence_ = gst::get_double(s, "confidence");
      finals_rejected_ = gst::get_bool(s, "rejected");
    }
    if (gst_structure_has_name(s, "parley-hold")) return take(in::Hold{gst::get_bool(s, "held")});
    if (gst_structure_has_name(s, "parley-dtmf")) {
      const auto digit = gst::get_text(s, "digit");
      if (digit.size() == 1 && mind_->wants_key(digit[0])) take(in::Key{digit[0]});
    }
  }

  void spoken(const GstStructure* s) {
    const auto phase = gst::get_text(s, "phase");
    if (phase == "cut") return;  // our own doing
    const auto utterance = std::uint64_t(gst::get_int(s, "utterance"));
    if (utterance == heard_utterance_) heard_words_ = std::size_t(gst::get_int(s, "words"));
    take(in::Spoken{utterance,
                    phase == "started"    ? in::Phase::started
                    : phase == "finished" ? in::Phase::finished
                                          : in::Phase::progress,
                    Nanos(gst::get_int(s, "running-time")), gst::get_int(s, "samples")});
  }

  void returned(const std::string& id, const std::string& json) {
    const bool ok = json.find("\"error\"") == std::string::npos;
    mind_->tool_result(id, json, ok);
    carry_out();
  }

  // From any thread: on the loop, while this stream lives.
  void elsewhere(std::function<void(Turn&)> task) {
    if (!has_loop_) return;
    auto run = [element = gst::retain(self()), task = std::move(task)] {
      auto& me = of(element.get());
      if (me.has_loop_) task(me);
    };
    if (loop().is_virtual()) {
      Gate gate(loop());
      at(loop().now(), run);
    } else if (!loop().post(run)) {
      tell("error",
           {{"element", "parleyturn"}, {"detail", "the loop is full; a command was refused"}});
    }
  }

  // --- decisions ---

  void take(Input input) {
    if (inputs_.size() < inputs_max) inputs_.push_back(std::move(input));
    carry_out();
  }

  void carry_out() {
    if (busy_ || !mind_) return;
    busy_ = true;
    while (!inputs_.empty()) {
      const auto input = std::move(inputs_.front());
      inputs_.pop_front();
      machine_->set_question(mind_->question());
      for (auto& output : machine_->on(input, loop().now()))
        std::visit([this](const auto& o) { act(o); }, output);
    }
    busy_ = false;
    if (!has_loop_) return;
    expect();
    arm();
  }

  void arm() {
    if (timer_) loop().cancel(std::exchange(timer_, 0));
    if (const auto when = machine_->deadline())
      timer_ = at(*when, [this] {
        timer_ = 0;
        take(in::Tick{});
      });
  }

  void act(const out::Begin&) {
    if (settings().greet)
      mind_->start();
    else
      sentence("", true), done();
  }
  void act(const out::Answer& a) { mind_->answer(a); }
  void act(const out::Cancel&) { mind_->cancel(); }
  void act(const out::Stalled&) { mind_->stalled(); }
  void act(const out::ToolLate&) { mind_->tool_late(); }
  void act(const out::KeyPressed& k) { mind_->key(k.digit); }
  void act(const out::KeysEnd&) { mind_->keys_end(); }
  void act(const out::Duck& d) {
    out_of_band("parley-duck");
    tell("agent.ducked", {{"utterance", d.utterance}});
  }
  void act(const out::Unduck& u) {
    out_of_band("parley-unduck");
    tell("agent.resumed", {{"utterance", u.utterance}});
  }
  void act(const out::EndSpeech&) { send_upstream(gst::structure("parley-end-turn", {})); }
  void act(const out::TurnStarted& t) {
    tell("turn.started", {{"turn", t.turn}, {"text", t.text}});
  }
  void act(const out::TurnEnded& t) { tell("turn.ended", {{"turn", t.turn}}); }
  void act(const out::Speaking& s) {
    tell("agent.speaking", {{"turn", s.turn},
                            {"utterance", s.utterance},
                            {"text", s.text},
                            {"response_ms", s.response_ms}});
  }
  void act(const out::Said& s) {
    tell("agent.said", {{"turn", s.turn}, {"utterance", s.utterance}, {"text", s.text}});
    mind_->heard(s.text);
  }
  void act(const out::HangUp& h) {
    gst_element_post_message(
        self(), gst_message_new_element(GST_OBJECT(self()),
                                        gst::structure("parley-hangup", {{"reason", h.reason}})));
  }
  void act(const out::Ended&) {
    if (!std::exchange(told_end_, true)) gst_pad_push_event(src_pad(), gst_event_new_eos());
  }

  void act(const out::Speak& s) {
    if (heard_utterance_ != s.utterance) heard_utterance_ = s.utterance, heard_words_ = 0;
    auto* buffer =
        s.text.empty() ? gst_buffer_new() : gst_buffer_new_memdup(s.text.data(), s.text.size());
    GST_BUFFER_OFFSET(buffer) = s.utterance;
    GST_BUFFER_PTS(buffer) = running_time();
    if (s.last) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);
    gst_pad_push(src_pad(), buffer);
  }

  // The sequence of an interruption: ask what was heard, drop the rest, go on with a new segment.
  void act(const out::Cut& c) {
    const auto heard =
        c.flush && flushing_allowed_ ? ask_heard(c.utterance, c.text) : words_heard(c.text);
    if (c.flush && flushing_allowed_) flush();
    tell("agent.interrupted", {{"turn", c.turn},
                               {"utterance", c.utterance},
                               {"text", c.text},
                               {"heard_text", heard},
                               {"by", c.by}});
    mind_->heard(heard);
    inputs_.push_front(in::Heard{c.utterance, heard});
  }

  std::string ask_heard(std::uint64_t utterance, const std::string& text) {
    auto* s = gst::structure("parley-heard", {{"utterance", utterance}});
    const auto query = gst::adopt(gst_query_new_custom(GST_QUERY_CUSTOM, s));
    if (!gst_pad_peer_query(src_pad(), query.get())) return words_heard(text);
    return gst::get_text(gst_query_get_structure(query.get()), "text");
  }

  // By the progress that was told: the first so many words.
  std::string words_heard(const std::string& text) const {
    std::size_t at = 0;
    for (auto left = heard_words_; left && at < text.size(); --left) {
      at = std::min(text.find_first_not_of(' ', at), text.size());
      at = std::min(text.find(' ', at), text.size());
    }
    return text.substr(0, at);
  }

  void flush() {
    gst_pad_push_event(src_pad(), gst_event_new_flush_start());
    gst_pad_push_event(src_pad(), gst_event_new_flush_stop(FALSE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(src_pad(), gst_event_new_segment(&segment));
  }

  void out_of_band(const char* name) {
    gst_pad_push_event(src_pad(), gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_OOB,
                                                       gst_structure_new_empty(name)));
  }

  void expect() {
    auto now = mind_->expect();
    if (now == expected_ || !stream_ready_) return;
    expected_ = std::move(now);
    send_upstream(gst::structure("parley-expect", {{"kinds", expected_.kinds},
                                                   {"phrases", expected_.phrases},
                                                   {"grammar", expected_.grammar},
                                                   {"patience-ms", expected_.patience_ms}}));
  }

  // --- the mind's body ---

  void sentence(const std::string& text, bool last) override { take(in::Sentence{text, last}); }
  void done() override { take(in::Done{}); }
  void waiting(bool for_a_tool) override { take(in::Waiting{for_a_tool}); }
  void hang_up(const std::string& reason) override { take(in::HangUp{reason}); }
  void at_step(const std::string& step) override { tell("flow.step", {{"step", step}}); }
  void filled(const std::string& slot, const std::string& value, bool confirmed) override {
    tell("slot.filled", {{"slot", slot}, {"value", value}, {"confirmed", confirmed}});
  }
  void escalated(const std::string& reason) override {
    tell("call.escalated", {{"reason", reason}});
  }
  void tool_called(const std::string& id, const std::string& name, const std::string& arguments,
                   bool ours) override {
    tell("tool.called", {{"id", id}, {"name", name}, {"arguments", arguments}});
    if (ours) return;
    gst_element_post_message(
        self(), gst_message_new_element(
                    GST_OBJECT(self()),
                    gst::structure("parley-tool-call",
                                   {{"id", id}, {"name", name}, {"arguments", arguments}})));
  }
  void tool_returned(const std::string& id, const std::string& name, const std::string& result,
                     bool ok) override {
    tell("tool.returned", {{"id", id}, {"name", name}, {"result", result}, {"ok", ok}});
  }
  void provider_failed(const std::string& provider, const std::string& detail,
                       bool retry) override {
    tell("provider.failed",
         {{"kind", "llm"}, {"provider", provider}, {"detail", detail}, {"retry", retry}});
  }
  void later(Nanos delay, std::function<void()> task) override { after(delay, std::move(task)); }

  std::shared_ptr<const Agent> agent_;  // shared by its calls
  std::unique_ptr<Mind> mind_;
  std::unique_ptr<TurnMachine> machine_;
  std::deque<Input> inputs_;
  bool busy_ = false;
  bool stream_ready_ = false, playing_ = false, told_end_ = false, flushing_allowed_ = true;
  std::atomic<bool> has_loop_ = false;
  Loop::TimerId timer_ = 0;
  double finals_confidence_ = 1;
  bool finals_rejected_ = false;
  std::uint64_t heard_utterance_ = 0;
  std::size_t heard_words_ = 0;
  Expect expected_;
};

}  // namespace

GType element_type() { return Turn::type(); }

}  // namespace parley::turn
