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

TEST_CASE("calls: another description may bring other keys, but not take SRTP away") {
  VirtualEngine engine({.launch = launch});
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
