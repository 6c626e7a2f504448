// Whole calls in virtual time with scripted providers: what the engine promises whatever is said.
#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/call/codecs.hpp"
#include "engine/sip/sdp.hpp"
#include "plugins/record/recorder.hpp"
#include "plugins/rtp/rtp_packet.hpp"
#include "tests/calls/conversation.hpp"
#include "tests/record/support.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace parley;
using namespace parley::test;

namespace {

// One engine, `count` calls that overlap, as text.
std::string story(int count, std::uint64_t seed) {
  VirtualEngine engine({.launch = launch, .seed = seed});
  const auto said = program(chat);
  std::vector<std::unique_ptr<Conversation>> calls;
  std::vector<Conversation*> all;
  for (int i = 0; i < count; ++i) {
    calls.push_back(std::make_unique<Conversation>(engine, said));
    all.push_back(calls.back().get());
    engine.advance(Nanos(1ms) * (7 + i % 13));
  }
  run(engine, all);
  return engine.event_log();
}

bool is_of_type(const nlohmann::json& value, const std::string& type) {
  if (type.starts_with("string")) return value.is_string();
  if (type.starts_with("integer")) return value.is_number_integer();
  if (type.starts_with("number")) return value.is_number();
  if (type.starts_with("boolean")) return value.is_boolean();
  return value.is_string() &&
         ("|" + type + "|").find("|" + value.get<std::string>() + "|") != std::string::npos;
}

}  // namespace

TEST_CASE("calls: a conversation is answered turn by turn, and its last event is its end") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program(chat));
  run(engine, {&talk});
  CAPTURE(talk.transcript());
  const auto events = talk.events();
  REQUIRE(events.size() > 8);
  CHECK(events.front()->kind == "call.created");
  CHECK(events.back()->kind == "call.ended");
  CHECK(talk.last("call.ended")->body["reason"] == "caller_hangup");
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i]->seq == i + 1);
  CHECK(talk.events("media.started").size() == 1);
  CHECK(talk.events("transcript.final").size() == 2);
  CHECK(talk.events("agent.said").size() == 2);
  const auto responses = talk.caller().responses();
  REQUIRE(responses.size() == 2);
  for (const auto& r : responses) CHECK(r.answered - r.asked < 1500ms);
  CHECK(talk.caller().state() == caller::State::completed);
}

TEST_CASE("calls: every event is as schema/events.json describes it") {
  std::ifstream file(std::string(PARLEY_SOURCE_ROOT) + "/schema/events.json");
  const auto kinds = nlohmann::json::parse(file)["kinds"];
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program("say hello there\ninterrupt after 700 ms wait a moment "
                                    "please\npress 12\nwait agent to finish\nhangup"));
  run(engine, {&talk});
  CAPTURE(talk.transcript());
  CHECK(talk.events("agent.interrupted").size() >= 1);
  for (const auto& e : talk.events()) {
    CAPTURE(to_json(*e).dump());
    REQUIRE(kinds.contains(e->kind));
    const auto& body = kinds[e->kind]["body"];
    for (const auto& [name, value] : e->body.items()) {
      CAPTURE(name);
      REQUIRE(body.contains(name));
      CHECK(is_of_type(value, body[name]));
    }
    for (const auto& [name, type] : body.items()) CHECK(e->body.contains(name));
  }
}

TEST_CASE(
    "calls: 50 calls give the same events, byte for byte, for the same seed, on a busy machine "
    "too") {
  const auto first = story(50, 42);
  CHECK(std::count(first.begin(), first.end(), '\n') > 500);
  std::atomic<bool> stop = false;
  std::vector<std::jthread> hogs;
  for (int i = 0; i < 4; ++i)
    hogs.emplace_back([&] {
      while (!stop) std::this_thread::yield();
    });
  CHECK(story(50, 42) == first);
  stop = true;
  CHECK(story(50, 43) != first);
}

TEST_CASE("calls: what was really heard is what an interruption's record says") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine,
                    program("say hello there\ninterrupt after 900 ms stop stop stop please\nexpect "
                            "agent to stop within 1200 ms\nwait agent to finish\nhangup"));
  run(engine, {&talk});
  CAPTURE(talk.transcript());
  CAPTURE(talk.caller().reason());
  CHECK(talk.caller().state() == caller::State::completed);
  const auto cut = talk.last("agent.interrupted");
  REQUIRE(cut);
  const auto text = cut->body["text"].get<std::string>(),
             heard = cut->body["heard_text"].get<std::string>();
  CHECK_FALSE(heard.empty());
  CHECK(heard.size() < text.size());
  CHECK(text.starts_with(heard));
}

TEST_CASE("calls: as many as are allowed, and a 503 for the next; those that live go on") {
  VirtualEngine engine({.launch = launch, .max_calls = 2});
  const auto said = program(chat);
  Conversation a(engine, said), b(engine, said);
  const auto refused = engine.invite();
  CHECK_FALSE(refused.port);
  CHECK(engine.sip().sessions[refused.session].refused == 503);
  run(engine, {&a, &b});
  CHECK(a.caller().state() == caller::State::completed);
  CHECK(b.caller().state() == caller::State::completed);
  CHECK(engine.events("call.ended").front()->body["reason"] == "refused");
}

TEST_CASE("calls: when the grid is late a new call is refused, and those that live go on") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program(chat));
  engine.loop().pretend_late(21ms);
  const auto refused = engine.invite();
  CHECK_FALSE(refused.port);
  CHECK(engine.sip().sessions[refused.session].refused == 503);
  CHECK(engine.events("call.ended")
            .front()
            ->body["detail"]
            .get<std::string>()
            .find("late by 21 ms") != std::string::npos);
  engine.loop().pretend_late(1ms);
  CHECK(engine.invite().port);
  run(engine, {&talk});
  CHECK(talk.caller().state() == caller::State::completed);
}

TEST_CASE("calls: an agent that does not exist is a refusal that says so") {
  VirtualEngine engine({});
  Gate gate(engine.loop());
  const auto dialled = engine.calls().dial("sip:bob@127.0.0.1", "nobody");
  REQUIRE_FALSE(dialled);
  CHECK(dialled.error().find("nobody") != std::string::npos);
}

TEST_CASE("calls: a dial goes only to the hosts that are allowed") {
  VirtualEngine engine({.launch = launch});
  Gate gate(engine.loop());
  for (const char* to : {"sip:bob@10.9.9.9", "sip:bob@127.0.0.1.evil.example", "tel:+123",
                         "sip:127.0.0.1@evil.example"}) {
    CAPTURE(to);
    CHECK_FALSE(engine.calls().dial(to, ""));
  }
  CHECK(engine.calls().dial("sip:bob@127.0.0.1:5070", ""));
}

TEST_CASE(
    "calls: when no RTP arrives the call ends, and one line says from where none came (P20)") {
  VirtualEngine engine({.launch = launch, .media_timeout = 5s});
  const auto leg = engine.invite();
  REQUIRE(leg.port);
  engine.advance(6s);
  const auto missing = engine.events("media.missing");
  REQUIRE(missing.size() == 1);
  CHECK(missing[0]->body["detail"].get<std::string>().find("10.0.0.2") != std::string::npos);
  REQUIRE(engine.events("call.ended").size() == 1);
  CHECK(engine.events("call.ended")[0]->body["reason"] == "media_timeout");
  CHECK(engine.sip().sessions[leg.session].hung_up);
}

TEST_CASE("calls: a call is ended when its longest time is over, once (P8)") {
  VirtualEngine engine({.launch = launch, .max_duration = 10s});
  Conversation talk(engine, program("pause 15 s\nhangup"));
  run(engine, {&talk});
  CHECK(talk.events("call.ended").size() == 1);
  CHECK(talk.last("call.ended")->body["reason"] == "max_duration");
}

TEST_CASE("calls: garbage on the RTP port is counted and harms nothing") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program(chat));
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::uint8_t> bytes(random() % 400);
    for (auto& b : bytes) b = std::uint8_t(random());
    Gate gate(engine.loop());
    talk.leg().port->send(bytes, talk.leg().engine);
  }
  run(engine, {&talk});
  CHECK(talk.caller().state() == caller::State::completed);
  const auto summary = talk.last("media.summary");
  REQUIRE(summary);
  CHECK(summary->body["malformed"].get<int>() > 100);
}

TEST_CASE("calls: an operator's words are said, and an operator's hang-up ends the call") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program("pause 8 s\nhangup"));
  engine.advance(1s);
  {
    Gate gate(engine.loop());
    CHECK(engine.calls().say(talk.call(), "This is the operator."));
    CHECK_FALSE(engine.calls().say("no-such-call", "hello"));
    CHECK_FALSE(engine.calls().say(talk.call(), ""));
  }
  engine.advance(4s);
  REQUIRE(talk.last("agent.said"));
  CHECK(talk.last("agent.said")->body["text"] == "This is the operator.");
  {
    Gate gate(engine.loop());
    CHECK(engine.calls().hang_up(talk.call()));
  }
  run(engine, {&talk});
  CHECK(talk.last("call.ended")->body["reason"] == "operator_hangup");
}

TEST_CASE("calls: a recording holds both sides, what was paused not, and outlives its call") {
  const TemporaryFolder folder;
  const auto sounds = [&](const std::string& call) {
    while (record::open_recordings() != 0) std::this_thread::yield();
    return read_sound(folder / (call + ".wav"));
  };
  std::string recorded = launch;
  recorded.replace(recorded.find("  ! parleystt"), 0,
                   "  ! parleyrecord name=record path=${RECORDING} format=${RECORDING_FORMAT}\n");
  VirtualEngine engine({.launch = recorded, .recordings = folder / ""});
  Conversation talk(engine, program(chat));
  run(engine, {&talk});
  CHECK(talk.last("recording.started")->body["format"] == "wav");
  const auto length = talk.last("recording.finished")->body["duration_ms"].get<double>() / 1000;
  const auto said = talk.last("agent.speaking");
  const auto begun = double(talk.last("recording.started")->at) / 1e6;
  const auto spoke = double(said->at) / 1e6 - begun;
  const auto sound = sounds(talk.call());
  CHECK(sound.seconds() == doctest::Approx(length).epsilon(0.01));
  CHECK(sound.level(0, 0.1, 1) > 100);
  CHECK(sound.level(1, spoke - 0.1, spoke) == 0);
  CHECK(sound.level(1, spoke, spoke + 0.2) > 100);

  Conversation secret(engine, program("pause 8 s\nhangup"));
  Gate gate(engine.loop());
  CHECK(engine.calls().pause_recording(secret.call(), true));
  engine.advance(1s);
  CHECK(engine.calls().say(secret.call(), "This is nobody's business."));
  engine.advance(4s);
  run(engine, {&secret});
  CHECK(secret.last("recording.paused"));
  const auto hidden = sounds(secret.call());
  CHECK(hidden.level(1, 0, hidden.seconds() - 0.1) == 0);
  CHECK_FALSE(engine.calls().pause_recording("no-such-call", true));
}

TEST_CASE("calls: without a folder for recordings there is none, and pausing one says why") {
  VirtualEngine engine({});
  Conversation talk(engine, program("pause 1 s\nhangup"));
  {
    Gate gate(engine.loop());
    const auto paused = engine.calls().pause_recording(talk.call(), true);
    REQUIRE_FALSE(paused);
    CHECK(paused.error() == "calls are not recorded: [recording] path is not set");
  }
  run(engine, {&talk});
  CHECK_FALSE(talk.last("recording.started"));
}

TEST_CASE("calls: every pipeline is freed when its call has ended (P7, P8)") {
  story(10, 5);
  while (Pipeline::live() != 0) std::this_thread::yield();
}

TEST_CASE("calls: an INVITE without SDP gets our offer, and the ACK's answer begins the call") {
  VirtualEngine engine({.launch = launch});
  const auto codecs = codec_list({"G722"});
  REQUIRE(codecs);
  sip::Local caller{.codecs = *codecs};
  const auto leg = engine.invite_as(caller, "reception", false);
  REQUIRE(leg.port);
  const auto& session = engine.sip().sessions[leg.session];
  CHECK(session.answer.find("m=audio") != std::string::npos);
  CHECK(session.answer.find("PCMA/8000") != std::string::npos);  // all that we can, not one of them
  int came = 0;
  leg.port->receive([&](std::span<const std::uint8_t> bytes, const Address&) {
    came += rtp::parse(bytes)->payload_type == 9;
  });
  engine.advance(1s);
  CHECK(came >= 49);
  REQUIRE(engine.events("call.answered").size() == 1);
  CHECK(engine.events("call.answered")[0]->body["codec"] == "G722");
  engine.bye(leg);
  CHECK(engine.events("call.ended")[0]->body["reason"] == "caller_hangup");
}

TEST_CASE(
    "calls: an INVITE without SDP whose ACK has none, or never comes, is a call that failed") {
  for (const bool acknowledged : {true, false}) {
    CAPTURE(acknowledged);
    VirtualEngine engine({.launch = launch});
    const auto notice = [&](const sip::Notice& n) {
      {
        Gate gate(engine.loop());
        engine.sip().on_notice(n);
      }
      engine.advance(1s);
    };
    notice(sip::Invite{.session = 1, .call_id = "late", .user = "reception"});
    CHECK_FALSE(engine.sip().sessions[1].answer.empty());
    CHECK(engine.events("call.answered").empty());
    if (acknowledged)
      notice(sip::Confirmed{.session = 1});
    else
      notice(sip::Ended{.session = 1, .why = sip::Why::timeout, .detail = "no ACK"});
    CHECK(engine.sip().sessions[1].hung_up == acknowledged);
    REQUIRE(engine.events("call.ended").size() == 1);
    CHECK(engine.events("call.ended")[0]->body["reason"] == "failed");
    CHECK(engine.calls().live() == 0);
  }
}

TEST_CASE("calls: on hold the agent waits in mid-sentence, and goes on afterwards") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program("say hello there my friend\npause 90 s\nhangup"));
  engine.loop().pump_until([&] { return !talk.events("agent.speaking").empty(); },
                           engine.loop().now() + 20s);
  engine.advance(500ms);
  CHECK(engine.reinvite(talk.leg(), {"PCMU"}, true).find("a=recvonly\r\n") != std::string::npos);
  engine.advance(20ms);
  const auto before = talk.port().came();
  engine.advance(40s);
  CHECK(talk.port().came() == before);
  CHECK(talk.events("call.held").size() == 1);
  CHECK(talk.events("agent.said").empty());
  CHECK(talk.events("agent.interrupted").empty());
  CHECK_FALSE(talk.over());
  CHECK(engine.reinvite(talk.leg(), {"PCMU"}).find("a=sendrecv\r\n") != std::string::npos);
  CHECK(talk.events("call.resumed").size() == 1);
  engine.advance(4s);
  CAPTURE(talk.transcript());
  REQUIRE(talk.events("agent.said").size() == 1);
  CHECK(talk.last("agent.said")->body["text"] ==
        "Yes, I hear you very well today and I will help you.");
  engine.bye(talk.leg());
}

TEST_CASE(
    "calls: an operator's hold plays music, hears and records nobody, and ends where it began") {
  const TemporaryFolder folder;
  write_sound(folder / "music.wav", 8000, std::vector<std::int16_t>(8000, 4000));
  std::ofstream(folder / "agent.toml") << "name='x'\n[hold]\nfile='music.wav'\n"
                                          "[[step]]\nid='a'\nend='Bye.'\n";
  std::string line = launch;
  line.replace(line.find("  ! parleystt"), 0,
               "  ! parleyrecord name=record path=${RECORDING} format=${RECORDING_FORMAT}\n");
  line.replace(line.find("seed=7"), 0, "agent=" + (folder / "agent.toml") + " ");
  VirtualEngine engine({.launch = line, .recordings = folder / ""});
  Conversation talk(engine, program("say hello there my friend\npause 8 s\n"
                                    "say is anybody there\npress 5\npause 12 s\n"
                                    "say and what about tomorrow\nwait agent to finish\nhangup"));
  const auto hold = [&](bool on) {
    Gate gate(engine.loop());
    CHECK(engine.calls().hold(talk.call(), on));
  };
  engine.loop().pump_until([&] { return !talk.events("agent.speaking").empty(); },
                           engine.loop().now() + 20s);
  engine.advance(500ms);
  hold(true);
  hold(true);  // it is already
  engine.advance(12s);
  CHECK(talk.events("call.held").size() == 1);
  CHECK(talk.last("call.held")->body["by"] == "operator");
  CHECK(talk.events("dtmf.received").size() == 1);
  hold(false);
  hold(false);
  engine.advance(4s);
  CAPTURE(talk.transcript());
  CHECK(talk.events("call.resumed").size() == 1);
  CHECK(talk.last("call.resumed")->body["by"] == "operator");
  CHECK(talk.events("speech.started").size() == 1);  // what was said on hold was not heard
  CHECK(talk.events("agent.interrupted").empty());
  REQUIRE(talk.events("agent.said").size() == 1);
  CHECK(talk.last("agent.said")->body["text"] ==
        "Yes, I hear you very well today and I will help you.");
  run(engine, {&talk});
  CHECK(talk.events("turn.started").size() == 2);
  CHECK(talk.last("agent.said")->body["text"] == "Tomorrow is fine.");

  while (record::open_recordings() != 0) std::this_thread::yield();
  const auto sound = read_sound(folder / (talk.call() + ".wav"));
  const auto second = [&](const EventPtr& e) {
    return double(e->at - talk.last("recording.started")->at) / 1e6;
  };
  const auto from = second(talk.last("call.held")), to = second(talk.last("call.resumed"));
  CHECK(sound.level(0, 0.1, 1) > 100);
  CHECK(sound.level(0, from + 0.1, to) == 0);
  for (auto at = from + 0.2; at < to - 0.1; at += 0.1) {
    CHECK(sound.level(1, at, at + 0.1) > 1950);
    CHECK(sound.level(1, at, at + 0.1) < 2500);  // more at the loop's seam
  }
  CHECK(sound.level(1, to + 0.5, to + 0.6) > 100);
  CHECK(sound.level(1, sound.seconds() - 0.1, sound.seconds()) == 0);
}

TEST_CASE("calls: a call that is held by both goes on when nobody holds it any more") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program("say hello there my friend\npause 90 s\nhangup"));
  engine.loop().pump_until([&] { return !talk.events("agent.speaking").empty(); },
                           engine.loop().now() + 20s);
  const auto hold = [&](bool on) {
    Gate gate(engine.loop());
    CHECK(engine.calls().hold(talk.call(), on));
  };
  hold(true);
  engine.advance(1s);
  const auto music = talk.port().came();
  engine.advance(1s);
  CHECK(talk.port().came() > music);
  engine.reinvite(talk.leg(), {"PCMU"}, true);
  engine.advance(20ms);
  const auto before = talk.port().came();
  hold(false);
  engine.advance(10s);
  CHECK(talk.port().came() == before);
  CHECK(talk.events("agent.said").empty());
  hold(true);
  engine.reinvite(talk.leg(), {"PCMU"});
  engine.advance(10s);
  CHECK(talk.port().came() > before);
  CHECK(talk.events("agent.said").empty());
  hold(false);
  engine.advance(4s);
  CHECK(talk.events("agent.said").size() == 1);
  CHECK(talk.events("call.held").size() == 3);
  CHECK(talk.events("call.resumed").size() == 3);
  engine.bye(talk.leg());
}

TEST_CASE("calls: nobody is left on hold for ever, and a call may end on hold") {
  VirtualEngine engine({.launch = launch, .media_timeout = 20s, .max_hold = 5s});
  Conversation talk(engine, program("say hello there my friend\npause 90 s\nhangup"));
  const auto hold = [&](bool on) {
    Gate gate(engine.loop());
    return engine.calls().hold(talk.call(), on);
  };
  engine.advance(1s);
  CHECK(hold(true));
  engine.advance(4900ms);
  CHECK(talk.events("call.resumed").empty());
  engine.advance(200ms);
  REQUIRE(talk.events("call.resumed").size() == 1);
  CHECK(talk.last("call.resumed")->body["by"] == "limit");
  CHECK(hold(true));
  CHECK(hold(false));
  engine.advance(10s);
  CHECK(talk.events("call.resumed").size() == 2);  // the second hold's limit went with it
  CHECK(hold(true));
  engine.bye(talk.leg());
  engine.advance(10s);
  CHECK(talk.events().back()->kind == "call.ended");
  const auto late = hold(true);
  REQUIRE_FALSE(late);
  CHECK(late.error() == "there is no live call " + talk.call());
}

TEST_CASE("calls: keys come by INFO, and go out to the far end") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program("pause 4 s\nhangup"));
  engine.advance(1s);
  for (const char digit : {'1', '2'}) engine.info_key(talk.leg(), digit);
  {
    Gate gate(engine.loop());
    CHECK(engine.calls().press(talk.call(), "12#"));
    CHECK_FALSE(engine.calls().press(talk.call(), "x"));
    CHECK_FALSE(engine.calls().press(talk.call(), ""));
    CHECK_FALSE(engine.calls().press("no-such-call", "1"));
  }
  run(engine, {&talk});
  CHECK(talk.events("dtmf.received").size() == 2);
  REQUIRE(talk.events("dtmf.sent").size() == 1);
  CHECK(talk.last("dtmf.sent")->body["digits"] == "12#");
  CHECK(talk.port().came().at(101) == 21);
}
