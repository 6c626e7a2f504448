// Codecs in whole calls: each of them, one after the other, none in common, and over a network that
// loses packets.
#include <doctest/doctest.h>

#include "tests/calls/conversation.hpp"

using namespace parley;
using namespace parley::test;

TEST_CASE("calls: a conversation works with every codec") {
  for (const std::string codec : {"PCMU", "PCMA", "G722", "opus", "L16", "AMR-WB"}) {
    CAPTURE(codec);
    VirtualEngine engine(
        {.launch = launch, .codecs = {"opus", "G722", "PCMU", "PCMA", "L16", "AMR-WB"}});
    Conversation talk(engine, program(chat), false, codec);
    run(engine, {&talk});
    CAPTURE(talk.transcript());
    CHECK(talk.last("call.answered")->body["codec"] == codec);
    CHECK(talk.events("transcript.final").size() == 2);
    CHECK(talk.events("agent.said").size() == 2);
    CHECK(talk.events("agent.interrupted").empty());
    CHECK(talk.events("error").empty());
    const auto responses = talk.caller().responses();
    REQUIRE(responses.size() == 2);
    for (const auto& r : responses) CHECK(r.answered - r.asked < 1500ms);
    CHECK(talk.caller().state() == caller::State::completed);
    CHECK(talk.port().came().size() == 1);  // one codec out
    CHECK(talk.last("media.summary")->body["malformed"] == 0);
  }
}

TEST_CASE("calls: the far end changes the codec in mid-call, and the conversation goes on") {
  VirtualEngine engine({.launch = launch});
  Conversation talk(engine, program(chat), false, "PCMU");
  const auto wait_for = [&](std::size_t said) {
    engine.loop().pump_until([&] { return talk.events("agent.said").size() >= said; },
                             engine.loop().now() + 20s);
  };
  wait_for(1);
  const auto answer = engine.reinvite(talk.leg(), {"G722", "PCMU"});
  CHECK(answer.find(" RTP/AVP 9 0 101\r\n") != std::string::npos);
  CHECK(answer.find("o=parley 1 2 ") != std::string::npos);
  talk.port().use(*rtp::find_fixed_codec(9));
  engine.advance(600ms);
  CHECK(engine.reinvite(talk.leg(), {"opus"}).find("opus/48000/2") != std::string::npos);
  talk.port().use(*rtp::find_codec("opus", 48000));
  run(engine, {&talk});
  CAPTURE(talk.transcript());
  CHECK(talk.events("agent.said").size() == 2);
  CHECK(talk.events("transcript.final").size() == 2);
  CHECK(talk.caller().state() == caller::State::completed);
  const auto changes = talk.events("call.codec");
  REQUIRE(changes.size() == 2);
  CHECK(changes[0]->body["codec"] == "G722");
  CHECK(changes[1]->body["before"] == "G722");
  CHECK(talk.port().came().contains(111));
  CHECK(talk.last("media.summary")->body["malformed"] == 0);
}

TEST_CASE("calls: an offer without a codec of ours gets a 488 and harms nobody") {
  VirtualEngine engine({.launch = launch});
  Conversation good(engine, program(chat));
  for (const char* sdp : {"v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 "
                          "0\r\nm=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n",
                          "v=0\r\no=- 1 1 IN IP", "nonsense"}) {
    CAPTURE(sdp);
    const auto session = ++engine.sip().last_session;
    {
      Gate gate(engine.loop());
      engine.sip().on_notice(sip::Invite{.session = session,
                                         .call_id = "x",
                                         .from = "sip:a@b",
                                         .to = "sip:c@d",
                                         .user = "c",
                                         .source = "10.0.0.2:5060",
                                         .sdp = sdp});
    }
    engine.advance(20ms);
    CHECK(engine.sip().sessions[session].refused == 488);
  }
  run(engine, {&good});
  CHECK(good.caller().state() == caller::State::completed);
}

TEST_CASE("calls: a re-INVITE without a codec of ours is refused, and the call goes on") {
  VirtualEngine engine({.launch = launch, .codecs = {"PCMU"}});
  Conversation talk(engine, program(chat));
  engine.advance(1s);
  CHECK(engine.reinvite(talk.leg(), {"G722"}).empty());
  CHECK(engine.sip().sessions[talk.leg().session].refused == 488);
  run(engine, {&talk});
  CHECK(talk.caller().state() == caller::State::completed);
}

TEST_CASE("calls: with AMR-WB and DTX a silent agent sends little, and is heard as before") {
  const auto sent = [](bool dtx) {
    std::string line = launch;
    line.replace(line.find("ptime="), 0, dtx ? "dtx=true " : "");
    VirtualEngine engine({.launch = line, .codecs = {"AMR-WB"}});
    Conversation talk(engine, program(chat), false, "AMR-WB");
    run(engine, {&talk});
    CAPTURE(talk.transcript());
    CHECK(talk.caller().state() == caller::State::completed);
    CHECK(talk.events("agent.said").size() == 2);
    CHECK(talk.events("error").empty());
    return talk.last("media.summary")->body["sent"].get<int>();
  };
  const int all = sent(false), less = sent(true);
  CAPTURE(all);
  CAPTURE(less);
  CHECK(less < all * 3 / 4);
}

TEST_CASE("calls: a conversation goes on whatever the network loses, and says how much it was") {
  for (const std::string codec : {"PCMU", "opus", "AMR-WB"})
    for (const int percent : {1, 5, 10, 30}) {
      CAPTURE(codec);
      CAPTURE(percent);
      VirtualEngine engine(
          {.launch = launch, .codecs = {"PCMU", "opus", "AMR-WB"}, .loss_percent = percent});
      Conversation talk(engine, program(chat), false, codec);
      run(engine, {&talk});
      CAPTURE(talk.transcript());
      CHECK(talk.events("error").empty());
      CHECK(talk.events("agent.said").size() >= 1);
      if (percent < 30) CHECK(talk.caller().state() == caller::State::completed);
      const auto summary = talk.last("media.summary");
      REQUIRE(summary);
      const auto lost = summary->body["lost"].get<double>();
      const auto all = lost + summary->body["received"].get<double>();
      CHECK(lost / all == doctest::Approx(percent / 100.0).epsilon(.5));
      const auto concealed = summary->body["concealed_ms"].get<double>();
      CHECK(concealed == doctest::Approx(lost * 20).epsilon(.1));
      const auto mos = summary->body["mos"].get<double>();
      CHECK(mos > 1);
      CHECK(mos < (percent < 10 ? 4.4 : 4.0));
    }
}
