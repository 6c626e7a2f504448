// Whole calls over media streams, in virtual time: what Twilio and Telnyx send and expect, and what
// happens when they, or the network, do it wrong.
#include <doctest/doctest.h>

#include "tests/calls/provider.hpp"

using namespace parley;
using namespace parley::test;
using nlohmann::json;

namespace {

// A person at a telephone, a provider, an engine.
struct Talk {
  VirtualEngine engine;
  std::shared_ptr<Provider> provider;
  std::unique_ptr<caller::ScriptedCaller> person;
  std::shared_ptr<void> subscription;
  bool over = false;

  explicit Talk(Provider::Options options = {}, VirtualEngine::Options with = {.launch = launch})
      : engine(std::move(with)), provider(std::make_shared<Provider>(engine, std::move(options))) {
    subscription = engine.hub().subscribe([this](const EventPtr& e) {
      if (e->kind != "call.ended") return;
      over = true;
      if (person) person->far_end_gone();
    });
    Gate gate(engine.loop());
    provider->open();
  }
  ~Talk() {
    person.reset();
    on_loop([&] { provider->disconnect(); });
  }

  void speak(const std::string& script) {
    person = std::make_unique<caller::ScriptedCaller>(engine.loop_ref(), provider,
                                                      Address{0x0a000001, 20000}, program(script));
    person->start([this] {
      if (!over) provider->stop();
    });
  }
  void run_to_end() {
    CHECK(engine.loop().pump_until([&] { return over; }, engine.loop().now() + 2 * 60s));
    engine.advance(1s);
  }
  template <class F>
  void on_loop(F&& f) {
    Gate gate(engine.loop());
    f();
  }
  std::string ended(const char* field) {
    const auto all = engine.events("call.ended");
    REQUIRE(all.size() == 1);
    return all.front()->body.value(field, "");
  }
  json body(const std::string& kind) {
    const auto all = engine.events(kind);
    REQUIRE(!all.empty());
    return all.back()->body;
  }
};

}  // namespace

TEST_CASE("media streams: a whole conversation over Twilio and over Telnyx, with their buffers") {
  for (const auto* dialect : {&media_stream::twilio, &media_stream::telnyx}) {
    CAPTURE(dialect->name);
    Talk talk({.dialect = dialect, .buffer = 100ms, .parameters = {{"from", "+15550100"}}});
    talk.speak(chat);
    talk.run_to_end();
    CHECK(talk.person->state() == caller::State::completed);
    CHECK(talk.person->responses().size() == 2);
    CHECK(talk.engine.events("agent.said").size() == 2);
    CHECK(talk.ended("reason") == "caller_hangup");
    CHECK(talk.provider->wrong.empty());
    CHECK(talk.provider->marks > 4);
    CHECK(talk.provider->clears == 0);
    CHECK(talk.provider->close_code == 1000);
    // Nothing is sent but what is said.
    CHECK(talk.provider->played_ms > 2000);
    CHECK(talk.provider->media * 20 == talk.provider->played_ms);
    const auto created = talk.body("call.created");
    CHECK(created["transport"] == dialect->name);
    CHECK(created["from"] == "+15550100");
    CHECK(created["external_id"] == (dialect == &media_stream::twilio ? "CA1" : "v3:1"));
    const auto media = talk.body("media.summary");
    CHECK(media["lost"] == 0);
    CHECK(media["malformed"] == 0);
    CHECK(media["unsent"] == 0);
  }
}

TEST_CASE("media streams: a whole conversation in L16, at both rates and in both byte orders") {
  for (const unsigned rate : {8000U, 16000U})
    for (const bool low_byte_first : {false, true}) {
      CAPTURE(rate);
      CAPTURE(low_byte_first);
      Talk talk(
          {.dialect = &media_stream::telnyx, .l16_rate = rate, .low_byte_first = low_byte_first});
      talk.speak(chat);
      talk.run_to_end();
      CHECK(talk.person->state() == caller::State::completed);
      CHECK(talk.person->responses().size() == 2);
      CHECK(talk.engine.events("transcript.final").size() == 2);
      CHECK(talk.engine.events("agent.said").size() == 2);
      CHECK(talk.provider->wrong.empty());
      CHECK(talk.provider->media * 20 == talk.provider->played_ms);
      CHECK(talk.body("call.answered")["codec"] == "L16");
      CHECK(talk.body("media.summary")["malformed"] == 0);
      // What the person hears are the agent's tones, not noise.
      CHECK(talk.person->agent_speech().size() >= 2);
    }
}

TEST_CASE("media streams: frames in the wrong order are put right by their chunk") {
  Talk talk({.dialect = &media_stream::telnyx, .swaps = true});
  talk.speak(chat);
  talk.run_to_end();
  CHECK(talk.engine.events("agent.said").size() == 2);
  const auto media = talk.body("media.summary");
  CHECK(media["lost"] == 0);
  CHECK(media["late"] == 0);
}

TEST_CASE(
    "media streams: what counts as heard is what the provider has echoed, and it is cleared") {
  Talk far({.network = 100ms, .buffer = 600ms});
  far.speak(
      "say hello there\ninterrupt after 900 ms stop stop stop please\nwait agent to "
      "finish\nhangup");
  far.run_to_end();
  CHECK(far.provider->clears >= 1);
  CHECK(far.provider->cleared_ms > 300);
  const auto cut = far.body("agent.interrupted");
  const auto text = cut["text"].get<std::string>(), heard = cut["heard_text"].get<std::string>();
  CHECK_FALSE(heard.empty());
  CHECK(text.starts_with(heard));

  // The same interruption without a buffer in between: more of it had been heard.
  Talk near({.network = 1ms, .buffer = 0ms});
  near.speak(
      "say hello there\ninterrupt after 1600 ms stop stop stop please\nwait agent to "
      "finish\nhangup");
  near.run_to_end();
  CHECK(near.body("agent.interrupted")["heard_text"].get<std::string>().size() > heard.size());
}

TEST_CASE("media streams: keys, the agent of the path and of a parameter, an operator's hang-up") {
  Talk talk({.agent = "reception", .parameters = {{"agent", "reception"}, {"account", "7"}}});
  talk.speak("press 12#\npause 60 s");
  talk.engine.advance(3s);
  std::string digits;
  for (const auto& e : talk.engine.events("dtmf.received")) digits += e->body["digit"];
  CHECK(digits == "12#");
  CHECK(talk.body("call.created")["agent"] == "reception");
  CHECK(json::parse(talk.body("call.created")["parameters"].get<std::string>())["account"] == "7");
  const auto call = talk.engine.events("call.created").front()->call;
  talk.on_loop([&] { CHECK(talk.engine.calls().hang_up(call)); });
  talk.run_to_end();
  CHECK(talk.ended("reason") == "operator_hangup");
  CHECK(talk.provider->close_code == 1000);
  CHECK(talk.provider->close_reason == "operator_hangup");
}

TEST_CASE("media streams: an agent nobody knows, and one call too many, are refused") {
  Talk unknown({.parameters = {{"agent", "nobody"}}});
  unknown.run_to_end();
  CHECK(unknown.ended("reason") == "refused");
  CHECK(unknown.provider->close_code == 1013);

  Talk full({}, {.launch = launch, .max_calls = 0});
  full.run_to_end();
  CHECK(full.ended("reason") == "refused");
  CHECK(full.provider->close_reason == "as many calls as [sip] max_calls allows");
}

TEST_CASE("media streams: a socket that breaks is a failure, not a hang-up") {
  Talk talk;
  talk.speak("say hello there\npause 60 s");
  talk.engine.advance(2s);
  talk.on_loop([&] { talk.provider->disconnect(); });
  talk.run_to_end();
  CHECK(talk.ended("reason") == "failed");
  CHECK(talk.ended("detail") == "the WebSocket closed without a stop");
}

TEST_CASE("media streams: a provider that falls silent is hung up on") {
  Talk talk({}, {.launch = launch, .media_timeout = 5s});
  talk.engine.advance(4900ms);
  CHECK_FALSE(talk.over);
  talk.run_to_end();
  CHECK(talk.ended("reason") == "media_timeout");
  CHECK(talk.provider->close_code == 1000);
}

TEST_CASE("media streams: bad base64 and other wrong messages cost a frame, not the call") {
  Talk talk;
  talk.speak(chat);
  for (int i = 0; i < 50; ++i) {
    talk.engine.advance(50ms);
    talk.on_loop([&] {
      talk.provider->say({{"event", "media"},
                          {"media", {{"chunk", "9"}, {"timestamp", "9"}, {"payload", "####"}}}});
    });
  }
  talk.run_to_end();
  CHECK(talk.person->state() == caller::State::completed);
  CHECK(talk.ended("reason") == "caller_hangup");
}

TEST_CASE("media streams: a wrong order, or nothing but garbage, ends the call with a reason") {
  Talk twice;
  twice.engine.advance(100ms);
  twice.on_loop([&] {
    twice.provider->say(
        {{"event", "start"},
         {"start", {{"mediaFormat", {{"encoding", "audio/x-mulaw"}, {"sampleRate", 8000}}}}}});
  });
  twice.run_to_end();
  CHECK(twice.ended("reason") == "failed");
  CHECK(twice.ended("detail") == "a second start");
  CHECK(twice.provider->close_code == 1002);

  Talk garbage;
  garbage.engine.advance(100ms);
  garbage.on_loop([&] {
    for (int i = 0; i < 200; ++i) garbage.provider->say_raw("garbage");
  });
  garbage.run_to_end();
  CHECK(garbage.ended("reason") == "failed");
  CHECK(garbage.provider->close_code == 1008);
}

TEST_CASE(
    "media streams: audio faster than real time is bounded and counted, and the call lives on") {
  Talk talk;
  talk.engine.advance(100ms);
  std::vector<std::uint8_t> loud(160, 0x80);
  for (std::size_t i = 0; i < loud.size(); i += 2) loud[i] = 0x00;
  talk.on_loop([&] {
    const auto rtp = caller::write_rtp({.payload_type = 0, .ssrc = 1}, loud);
    for (int i = 0; i < 3000; ++i) talk.provider->send(rtp, {});  // a minute at once
  });
  talk.engine.advance(1s);
  CHECK_FALSE(talk.over);
  talk.on_loop([&] { talk.provider->stop(); });
  talk.run_to_end();
  CHECK(talk.ended("reason") == "caller_hangup");
  CHECK(talk.body("media.summary")["received"].get<int>() >= 200);
  CHECK(talk.body("media.summary")["late"].get<int>() > 100);
}

TEST_CASE("media streams: a provider that echoes no mark is not waited for all call long") {
  Talk talk({.echoes = false});
  talk.speak(chat);
  talk.run_to_end();
  CHECK(talk.person->state() == caller::State::completed);
  CHECK(talk.engine.events("agent.said").size() >= 1);
}
