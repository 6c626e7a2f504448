// parleyturn between a test that plays recognition and one that plays the voice.
#include <doctest/doctest.h>

#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/structure.hpp"
#include "tests/support/harness.hpp"

using namespace parley;

namespace {

const std::string root = PARLEY_ROOT;
const std::string reception = "parleyturn agent=" + root + "/pipelines/agents/reception.toml";

struct Line {
  explicit Line(const std::string& line) : h(line, "text/x-raw,format=utf8") {
    h.advance(Nanos(0));
  }

  void vad(bool speech, int voiced_ms = 500) {
    auto* s = gst::structure("parley-vad", {{"speech", speech}});
    if (!speech)
      gst::set(s, {{"voiced-until", (h.loop().now() - 500ms).count()}, {"voiced-ms", voiced_ms}});
    h.push_event(s);
  }
  void partial(const std::string& text) {
    h.push_event(gst::structure("parley-partial", {{"text", text}}));
  }
  void final(const std::string& text, double confidence = 0.9, bool rejected = false) {
    h.push_event(gst::structure(
        "parley-final", {{"text", text}, {"confidence", confidence}, {"rejected", rejected}}));
    h.push_text(text);
  }
  void caller(const std::string& text, double confidence = 0.9, bool rejected = false) {
    vad(true);
    h.advance(1s);
    vad(false);
    final(text, confidence, rejected);
    h.advance(Nanos(0));
  }
  void key(const std::string& digits) {
    for (const char d : digits)
      h.push_event(
          gst::structure("parley-dtmf", {{"digit", std::string(1, d)}, {"duration-ms", 100}}));
  }
  void spoken(const char* phase, int words = 0) {
    h.push_upstream(gst::structure("parley-spoken", {{"utterance", utterance},
                                                     {"phase", phase},
                                                     {"samples", 100},
                                                     {"words", words},
                                                     {"running-time", h.loop().now().count()}}));
  }
  // What the agent says since the last call, as one text; and plays it out.
  std::string agent(bool whole = true) {
    std::string all;
    while (auto buffer = gst::adopt(gst_harness_try_pull(h.get()))) {
      const gst::Map map(buffer.get(), GST_MAP_READ);
      const auto chars = map.as<char>();
      all += (all.empty() ? "" : " ") + std::string(chars.begin(), chars.end());
      utterance = GST_BUFFER_OFFSET(buffer.get());
      marked = GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_MARKER);
    }
    if (!all.empty()) {
      spoken("started", 1);
      if (whole) spoken("finished", 99);
    }
    return all;
  }
  std::vector<std::string> told(const char* kind, const char* field) {
    std::vector<std::string> all;
    for (const auto& m : h.told(kind)) {
      const auto* s = gst_message_get_structure(m.get());
      const auto text = gst::get_text(s, field);
      all.push_back(text.empty() ? std::to_string(gst::get_int(s, field)) : text);
    }
    return all;
  }

  test::Harness h;
  std::uint64_t utterance = 0;
  bool marked = false;
};

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }
using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("parleyturn: a whole call with the reception, by its events") {
  Line l(reception);
  CHECK(has(l.agent(), "Hello, this is the reception. What is your name"));
  CHECK(l.marked);
  l.caller("my name is alice johnson");
  CHECK(has(l.agent(), "Thank you, Alice Johnson."));
  CHECK(l.told("agent.speaking", "response_ms") == Texts{"-1", "500"});
  l.caller("my heating is broken");
  CHECK(has(l.agent(), "What number"));
  l.key("5550123#");
  CHECK(has(l.agent(), "5 5 5, 0 1 2 3"));
  l.caller("no");
  CHECK(has(l.agent(), "right number"));
  l.key("5550199#");
  l.agent();
  l.caller("yes that is right");
  CHECK(has(l.agent(), "Goodbye"));
  CHECK(l.told("slot.filled", "value") ==
        Texts{"Alice Johnson", "my heating is broken", "5550199"});
  CHECK(l.told("flow.step", "step") == Texts{"name", "reason", "number", "goodbye"});
  l.h.advance(1s);
  CHECK(l.told("hangup", "reason") == Texts{"agent_hangup"});
  CHECK(l.told("turn.started", "turn").size() == l.told("turn.ended", "turn").size());
}

TEST_CASE("parleyturn: recognition is told what may come, when it changes") {
  Line l(reception);
  l.agent();
  auto expects = l.h.upstream_events("parley-expect");
  REQUIRE(expects.size() == 1);
  CHECK(gst::get_list(gst_event_get_structure(expects[0].get()), "kinds") ==
        Texts{"choice", "command"});
  CHECK(has(gst::get_text(gst_event_get_structure(expects[0].get()), "grammar"), "alice johnson"));
  l.caller("", 0, true);
  CHECK(has(l.agent(), "Sorry"));
  CHECK(l.h.upstream_events("parley-expect").empty());
  l.caller("alice johnson");
  expects = l.h.upstream_events("parley-expect");
  REQUIRE(expects.size() == 1);
  CHECK(gst::get_list(gst_event_get_structure(expects[0].get()), "kinds") == Texts{"text"});
}

TEST_CASE("parleyturn: a person is called for: escalated, goodbye, hang-up after it was heard") {
  Line l(reception);
  l.agent();
  l.caller("i want to speak to a human");
  CHECK(has(l.agent(false), "call you back as soon as possible"));
  CHECK(l.told("call.escalated", "reason").size() == 1);
  l.h.advance(5s);
  CHECK(l.told("hangup", "reason").empty());
  l.spoken("finished", 99);
  l.h.advance(1s);
  CHECK(l.told("hangup", "reason") == Texts{"agent_hangup"});
}

TEST_CASE(
    "parleyturn: an interruption flushes, says what was heard and goes on with a new segment") {
  Line l("parleyturn llm=scripted script=\"One two three four five.\"");
  l.caller("hello");
  CHECK(l.agent(false) == "One two three four five.");
  l.spoken("sentence", 2);
  while (auto e = gst::adopt(gst_harness_try_pull_event(l.h.get()))) {
  }
  l.vad(true);
  l.h.advance(600ms);
  std::string events;
  while (auto e = gst::adopt(gst_harness_try_pull_event(l.h.get())))
    events += std::string(GST_EVENT_TYPE_NAME(e.get())) + " ";
  CHECK(events ==
        "custom-downstream-oob custom-downstream custom-downstream-oob flush-start flush-stop "
        "segment ");
  CHECK(l.told("agent.ducked", "utterance") == Texts{"1"});
  CHECK(l.told("agent.interrupted", "heard_text") == Texts{"One two"});
  l.vad(false);
  l.final("no");
  CHECK(l.agent() == "One two three four five.");
  CHECK(l.utterance == 2);
  CHECK(l.told("agent.said", "utterance") == Texts{"2"});
}

TEST_CASE("parleyturn: scripted answers come one after the other, after their delay") {
  Line l("parleyturn script=\"One. Two.|Three.\" delay-ms=300");
  CHECK(l.agent().empty());
  l.caller("a");
  CHECK(l.agent().empty());
  l.h.advance(300ms);
  CHECK(l.agent() == "One. Two.");
  l.caller("b");
  l.h.advance(300ms);
  CHECK(l.agent() == "Three.");
}

TEST_CASE("parleyturn: say interrupts from outside") {
  Line l("parleyturn llm=scripted script=\"One two three.\"");
  l.caller("a");
  l.agent(false);
  g_signal_emit_by_name(l.h.element(), "say", "This is the manager.");
  l.h.advance(Nanos(0));
  CHECK(l.agent() == "This is the manager.");
  CHECK(l.told("agent.interrupted", "by") == Texts{"command"});
}

TEST_CASE("parleyturn: the end of the stream waits for what is being said") {
  Line l("parleyturn llm=scripted");
  l.caller("a");
  CHECK_FALSE(l.agent(false).empty());
  l.h.end();
  l.h.advance(1s);
  const auto ended = [&] {
    while (auto e = gst::adopt(gst_harness_try_pull_event(l.h.get())))
      if (GST_EVENT_TYPE(e.get()) == GST_EVENT_EOS) return true;
    return false;
  };
  CHECK_FALSE(ended());
  l.spoken("finished", 9);
  l.h.advance(Nanos(0));
  CHECK(ended());
}

TEST_CASE("parleyturn: a stream that is stopped in mid-sentence ends its utterance") {
  test::Harness* h = nullptr;
  Line l("parleyturn llm=scripted script=\"One two three.\"");
  h = &l.h;
  l.caller("a");
  l.agent(false);
  gst_element_set_state(h->element(), GST_STATE_READY);
  CHECK(l.told("agent.interrupted", "heard_text") == Texts{"One"});
}

TEST_CASE("parleyturn: without an agent, or with a wrong one, it says what it needs") {
  for (const auto& [line, what] :
       {std::pair{"parleyturn", "needs agent="},
        {"parleyturn agent=/no/x.toml", "/no/x.toml: cannot be read"},
        {"parleyturn agent=/no/x.toml llm=scripted", "cannot be read"}}) {
    auto* element = gst_parse_launch(line, nullptr);
    auto* bus = gst_bus_new();
    gst_element_set_bus(element, bus);
    CHECK(gst_element_set_state(element, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE);
    auto message = gst::adopt(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR));
    REQUIRE(message);
    gchar* debug = nullptr;
    gst_message_parse_error(message.get(), nullptr, &debug);
    CHECK_MESSAGE(has(debug, what), debug);
    g_free(debug);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
  }
}

TEST_CASE(
    "parleyturn: a language model answers, its tool ends the call, and when it fails the flow "
    "takes over") {
  Line l(
      "parleyturn llm=scripted llm-model=\"I see. Anything else?|Goodbye then. @end_call {}\" "
      "greet=false agent=" +
      root + "/pipelines/agents/reception.toml");
  l.caller("a refund");
  CHECK(has(l.agent(), "I see. Anything else?"));
  l.caller("no");
  CHECK(has(l.agent(), "Goodbye then."));
  CHECK(l.told("tool.called", "name") == Texts{"end_call"});
  l.h.advance(1s);
  CHECK(l.told("hangup", "reason") == Texts{"agent_hangup"});
  Line down("parleyturn llm=scripted llm-model=\"!it broke\" agent=" + root +
            "/pipelines/agents/reception.toml");
  down.agent();
  down.caller("a refund");
  CHECK(has(down.agent(), "What is your name"));
  CHECK(down.told("provider.failed", "detail") == Texts{"scripted: it broke"});
  down.caller("alice johnson");
  CHECK(down.told("slot.filled", "value") == Texts{"Alice Johnson"});
}
