// SRTP in whole calls: who is refused, what is heard, and what is said of packets that nobody can
// decrypt.
#include <doctest/doctest.h>

#include "engine/sip/sdp.hpp"
#include "plugins/rtp/rtp_packet.hpp"
#include "plugins/rtp/srtp.hpp"
#include "tests/calls/conversation.hpp"

using namespace parley;
using namespace parley::test;

namespace {

// A caller's end that is SRTP on the wire.
Leg invite_with_srtp(VirtualEngine& engine, sip::Local& caller, std::shared_ptr<Srtp>& srtp) {
  caller = {.security = sip::Security::required, .crypto = sip::make_crypto_offer()};
  auto leg = engine.invite_as(caller);
  if (!leg.port) return leg;
  const auto agreed = sip::accept_answer(engine.sip().sessions[leg.session].answer, caller);
  REQUIRE(agreed);
  REQUIRE(agreed->keys);
  auto made = Srtp::make(agreed->keys->ours, agreed->keys->theirs);
  REQUIRE(made);
  srtp = *std::move(made);
  leg.port = make_secure_port(leg.port, srtp);
  return leg;
}

}  // namespace

TEST_CASE("calls: a call over SRTP is heard both ways, and a stranger's packets are not") {
  VirtualEngine engine({.launch = launch});
  sip::Local caller;
  std::shared_ptr<Srtp> srtp;
  const auto leg = invite_with_srtp(engine, caller, srtp);
  REQUIRE(leg.port);
  CHECK(engine.events("call.answered")[0]->body["srtp"] == "AEAD_AES_128_GCM");
  int heard = 0;
  leg.port->receive([&](std::span<const std::uint8_t> bytes, const Address&) {
    heard += rtp::parse(bytes).has_value();
  });
  for (int n = 0; n < 500; ++n) {
    Gate gate(engine.loop());
    std::vector<std::uint8_t> payload(160, std::uint8_t(0x80 + n % 16)), bytes(172);
    rtp::write({.sequence = std::uint16_t(n),
                .timestamp = std::uint32_t(n) * 160,
                .ssrc = 3,
                .payload = payload},
               bytes);
    leg.port->send(bytes, leg.engine);
    bytes[2] ^= 0x40;
    if (n % 10 == 0) leg.wire->send(bytes, leg.engine);  // plain, from the same address
    engine.advance(20ms);
  }
  engine.bye(leg);
  engine.advance(1s);
  CHECK(heard > 400);
  CHECK(srtp->counters().forged == 0);
  const auto summary = engine.events("media.summary");
  REQUIRE(summary.size() == 1);
  CHECK(summary[0]->body["received"] == 500);
  CHECK(summary[0]->body["undecryptable"] == 50);
  CHECK(summary[0]->body["lost"] == 0);
  CHECK(engine.event_log().find("inline:") == std::string::npos);
}

TEST_CASE("calls: packets that nobody can decrypt are named (P20)") {
  VirtualEngine engine({.launch = launch});
  sip::Local caller;
  std::shared_ptr<Srtp> srtp;
  const auto leg = invite_with_srtp(engine, caller, srtp);
  REQUIRE(leg.port);
  for (int n = 0; n < 600; ++n) {
    Gate gate(engine.loop());
    std::vector<std::uint8_t> bytes(200, std::uint8_t(n));
    rtp::write({.sequence = std::uint16_t(n), .ssrc = 3}, bytes);
    leg.wire->send(bytes, leg.engine);
    engine.advance(20ms);
  }
  const auto missing = engine.events("media.missing");
  REQUIRE(missing.size() == 1);
  CHECK(missing[0]->body["cause"] == "undecryptable");
  engine.bye(leg);
}

TEST_CASE(
    "calls: another description may bring other keys; where SRTP is a must, not take it away") {
  VirtualEngine engine({.launch = launch, .security = sip::Security::required});
  sip::Local caller;
  std::shared_ptr<Srtp> srtp;
  const auto leg = invite_with_srtp(engine, caller, srtp);
  REQUIRE(leg.port);
  int heard = 0;
  leg.port->receive([&](std::span<const std::uint8_t> bytes, const Address&) {
    heard += rtp::parse(bytes).has_value();
  });
  CHECK(engine.reinvite(leg, {"PCMU"}).empty());  // plain
  CHECK(engine.sip().sessions[leg.session].refused == 488);
  engine.advance(1s);
  CHECK(heard > 40);
  auto again = caller;
  again.version = 2;
  again.crypto = sip::make_crypto_offer();
  std::swap(again.crypto[0], again.crypto[1]);
  const auto answer = sip::accept_answer(engine.reinvite_as(leg, again), again);
  REQUIRE(answer);
  REQUIRE(answer->keys);
  REQUIRE(srtp->use_keys(answer->keys->ours, answer->keys->theirs));
  const auto before = heard;
  for (int n = 0; n < 100; ++n) {
    Gate gate(engine.loop());
    std::vector<std::uint8_t> bytes(172);
    const std::vector<std::uint8_t> payload(160, 0xd5);
    rtp::write({.sequence = std::uint16_t(n),
                .timestamp = std::uint32_t(n) * 160,
                .ssrc = 3,
                .payload = payload},
               bytes);
    leg.port->send(bytes, leg.engine);
    engine.advance(20ms);
  }
  CHECK(heard > before + 90);
  engine.bye(leg);
  engine.advance(1s);
  CHECK(engine.events("media.summary")[0]->body["received"] == 100);
  CHECK(engine.events("media.summary")[0]->body["undecryptable"] == 0);
}

TEST_CASE("calls: a call moves from plain RTP to SRTP and back, and neither side misses a packet") {
  VirtualEngine engine({.launch = launch});
  const auto leg = engine.invite();
  REQUIRE(leg.port);
  const auto port = make_secure_port(leg.wire, {});
  std::shared_ptr<Srtp> srtp;
  int heard = 0, sent = 0;
  port->receive([&](std::span<const std::uint8_t> bytes, const Address&) {
    const auto packet = rtp::parse(bytes);
    heard += packet && packet->payload_type == 0 && packet->payload.size() == 160;
  });
  const auto speak = [&](int packets) {
    for (int i = 0; i < packets; ++i, ++sent) {
      Gate gate(engine.loop());
      const std::vector<std::uint8_t> payload(160, 0xd5);
      std::vector<std::uint8_t> bytes(172);
      rtp::write({.sequence = std::uint16_t(65000 + sent),
                  .timestamp = std::uint32_t(sent) * 160,
                  .ssrc = 3,
                  .payload = payload},
                 bytes);
      port->send(bytes, leg.engine);
      engine.advance(20ms);
    }
  };
  const auto protocol = [](const std::string& sdp) {
    return sdp.substr(sdp.find(" RTP/") + 1,
                      sdp.find(" 0", sdp.find(" RTP/")) - sdp.find(" RTP/") - 1);
  };
  std::vector<SrtpKey> engine_keys;
  unsigned version = 1;
  const auto secure = [&] {
    const sip::Local caller{.version = ++version,
                            .security = sip::Security::required,
                            .crypto = sip::make_crypto_offer()};
    const auto sdp = engine.reinvite_as(leg, caller);
    CHECK(protocol(sdp) == "RTP/SAVP");
    const auto answer = sip::accept_answer(sdp, caller);
    REQUIRE(answer);
    REQUIRE(answer->keys);
    engine_keys.push_back(answer->keys->theirs);
    speak(3);  // it does not know yet
    srtp = Srtp::make(answer->keys->ours, answer->keys->theirs).value();
    port->use(srtp);
  };
  const auto plain = [&] {
    const auto sdp = engine.reinvite_as(leg, {.version = ++version});
    CHECK(protocol(sdp) == "RTP/AVP");
    CHECK(sdp.find("a=crypto") == sdp.npos);
    speak(3);
    port->use({});
  };
  speak(100);
  secure();
  speak(700);  // the sequence numbers wrap
  plain();
  speak(100);
  secure();
  speak(100);
  secure();  // other keys
  speak(100);
  CHECK(engine.reinvite(leg, {"G722"}, false).find("RTP/AVP 9") != std::string::npos);
  CHECK(engine.reinvite(leg, {"PCMU"}, true).find("a=recvonly") != std::string::npos);
  engine.bye(leg);
  engine.advance(1s);
  // All but what came in the few packets of each change that our answer had not reached.
  CHECK(heard > sent - 25);
  const auto summary = engine.events("media.summary").back()->body;
  CHECK(summary["received"] == sent);
  CHECK(summary["lost"] == 0);
  CHECK(summary["undecryptable"] == 0);
  CHECK(summary["malformed"] == 0);
  CHECK(engine.events("media.missing").empty());
  const auto moves = engine.events("call.srtp");
  REQUIRE(moves.size() == 4);
  CHECK(moves[0]->body["srtp"] == "AEAD_AES_128_GCM");
  CHECK(moves[0]->body["before"] == "");
  CHECK(moves[1]->body["srtp"] == "");
  CHECK(moves[3]->body["srtp"] == "");
  // A key of ours is never used for two spans of SRTP; within one it stays.
  REQUIRE(engine_keys.size() == 3);
  CHECK(engine_keys[0] != engine_keys[1]);
  CHECK(engine_keys[1] == engine_keys[2]);
  CHECK(engine.event_log().find("inline:") == std::string::npos);
}

TEST_CASE(
    "calls: a move that [sip] srtp does not allow is refused, and the call goes on unharmed") {
  for (const auto policy : {sip::Security::off, sip::Security::required}) {
    CAPTURE(int(policy));
    VirtualEngine engine({.launch = launch, .security = policy});
    const bool required = policy == sip::Security::required;
    sip::Local caller;
    std::shared_ptr<Srtp> srtp;
    auto leg = required ? invite_with_srtp(engine, caller, srtp) : engine.invite();
    REQUIRE(leg.port);
    int heard = 0;
    leg.port->receive([&](std::span<const std::uint8_t> bytes, const Address&) {
      heard += rtp::parse(bytes).has_value();
    });
    engine.advance(1s);
    const auto before = heard;
    if (required)
      CHECK(engine.reinvite(leg, {"PCMU"}).empty());
    else
      CHECK(engine
                .reinvite_as(leg, {.version = 2,
                                   .security = sip::Security::required,
                                   .crypto = sip::make_crypto_offer()})
                .empty());
    CHECK(engine.sip().sessions[leg.session].refused == 488);
    // A description of SRTP without a key that we can do is refused whatever the policy.
    auto keyless = caller;
    keyless.version = 3;
    keyless.security = sip::Security::required;
    keyless.crypto.clear();
    CHECK(engine.reinvite_as(leg, keyless).empty());
    engine.advance(1s);
    CHECK(heard > before + 45);
    CHECK_FALSE(engine.sip().sessions[leg.session].hung_up);
    CHECK(engine.events("call.srtp").empty());
    CHECK(engine.events("call.ended").empty());
    engine.bye(leg);
  }
}

TEST_CASE("calls: our offer in answer to an empty re-INVITE keeps a call that is SRTP what it is") {
  VirtualEngine engine({.launch = launch});
  const auto offer_of = [&](const Leg& leg) {
    engine.sip().sessions[leg.session].answer.clear();
    {
      Gate gate(engine.loop());
      engine.sip().on_notice(sip::Reoffer{.session = leg.session, .sdp = {}});
    }
    engine.advance({});
    return engine.sip().sessions[leg.session].answer;
  };
  sip::Local caller;
  std::shared_ptr<Srtp> srtp;
  const auto leg = invite_with_srtp(engine, caller, srtp);
  REQUIRE(leg.port);
  CHECK(offer_of(leg).find("RTP/SAVP") != std::string::npos);
  const auto plain = engine.invite();
  const auto offer = offer_of(plain);
  CHECK(offer.find("RTP/AVP ") != std::string::npos);
  CHECK(offer.find("a=crypto") != std::string::npos);  // who can, may (RFC 8643)
  // It does: its answer comes with the ACK.
  auto theirs = sip::answer_offer(offer, {.media = {"10.0.0.2", plain.engine.port},
                                          .session = 2,
                                          .security = sip::Security::optional,
                                          .crypto = sip::make_crypto_offer()});
  REQUIRE(theirs);
  {
    Gate gate(engine.loop());
    engine.sip().on_notice(sip::Confirmed{.session = plain.session, .sdp = theirs->sdp});
  }
  engine.advance({});
  REQUIRE(engine.events("call.srtp").size() == 1);
  engine.bye(leg);
  engine.bye(plain);
}

TEST_CASE("calls: [sip] srtp decides who is refused") {
  for (const auto security : {sip::Security::off, sip::Security::optional, sip::Security::required})
    for (const bool offers : {false, true}) {
      CAPTURE(int(security));
      CAPTURE(offers);
      VirtualEngine engine({.launch = launch, .security = security});
      sip::Local caller;
      if (offers)
        caller = {.security = sip::Security::required, .crypto = sip::make_crypto_offer()};
      const auto leg = engine.invite_as(caller);
      const bool agreed =
          security == sip::Security::optional || (security == sip::Security::required) == offers;
      CHECK(bool(leg.port) == agreed);
      CHECK(engine.sip().sessions[leg.session].refused == (agreed ? 0 : 488));
      if (leg.port) engine.bye(leg);
    }
}
