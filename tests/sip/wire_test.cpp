// endpoint, seen from the wire: what it answers to a peer that does as the test writes.

#include <doctest/doctest.h>

#include <random>

#include "engine/sip/sdp.hpp"
#include "tests/sip/phone.hpp"
#include "tests/sip/torture.hpp"
#include "tests/sip/wire.hpp"

using namespace parley;
using namespace parley::sip;

namespace {

const std::string offer = write_offer({.media = {"127.0.0.1", 4000}, .session = 1});
const std::string answer_sdp = write_offer({.media = {"127.0.0.1", 4002}, .session = 2});

// An answered call from the wire: the tag of the endpoint's side.
std::string answered(Wire& wire, Phone& phone) {
  wire.send(wire.request("INVITE", 1, offer));
  phone->answer(phone.next<Invite>().session, answer_sdp);
  const auto tag = tag_of(wire.response(200));
  wire.send(wire.request("ACK", 1, "", tag));
  phone.next<Confirmed>();
  return tag;
}

}  // namespace

TEST_CASE("on the wire: an INVITE gets 100 at once, and once more when it comes again") {
  Phone phone;
  Wire wire(phone.address());
  const auto invite = wire.request("INVITE", 1, offer);
  wire.send(invite);
  CHECK(tag_of(wire.response(100)).empty());
  wire.send(invite);
  wire.response(100);
  phone->refuse(phone.next<Invite>().session, 503, "Later", 7);
  CHECK(header_of(wire.response(503), "Retry-After") == "7");
  CHECK(phone.waiting() == 0);
}

TEST_CASE("on the wire: the 200 comes again until its ACK") {
  Phone phone;
  Wire wire(phone.address());
  wire.send(wire.request("INVITE", 1, offer));
  phone->answer(phone.next<Invite>().session, answer_sdp);
  const auto first = wire.response(200);
  CHECK(first.ends_with("\r\n\r\n" + answer_sdp));
  CHECK(header_of(first, "Contact") == "<sip:parley@" + phone.address() + ">");
  CHECK(wire.response(200) == first);
  wire.send(wire.request("ACK", 1, "", tag_of(first)));
  phone.next<Confirmed>();
  wire.send(wire.request("BYE", 2, "", tag_of(first)));
  wire.response(200);
  CHECK(phone.next<Ended>().why == Why::remote_bye);
}

TEST_CASE("on the wire: BYE comes again and is answered again, though the call is gone") {
  Phone phone;
  Wire wire(phone.address());
  const auto tag = answered(wire, phone);
  const auto bye = wire.request("BYE", 2, "", tag);
  wire.send(bye);
  wire.response(200);
  wire.send(bye);
  wire.response(200);
  wire.send(wire.request("BYE", 3, "", tag));
  wire.response(481);
}

TEST_CASE("on the wire: an INVITE without an offer gets ours, and the ACK brings the answer") {
  Phone phone;
  Wire wire(phone.address());
  wire.send(wire.request("INVITE", 1));
  const auto invite = phone.next<Invite>();
  CHECK(invite.sdp.empty());
  phone->answer(invite.session, answer_sdp);
  const auto tag = tag_of(wire.response(200));
  wire.send(wire.request("ACK", 1, offer, tag));
  CHECK(phone.next<Confirmed>().sdp == offer);
  wire.send(wire.request("BYE", 2, "", tag));
  phone.next<Ended>();
}

TEST_CASE("on the wire: a re-INVITE is handed on, and answered or refused; the call goes on") {
  Phone phone;
  Wire wire(phone.address());
  const auto tag = answered(wire, phone);
  auto hold = offer;
  hold.replace(hold.find("sendrecv"), 8, "sendonly");
  const auto again = wire.request("INVITE", 2, hold, tag);
  wire.send(again);
  const auto reoffer = phone.next<Reoffer>();
  CHECK(reoffer.sdp == hold);
  wire.send(again);  // it comes twice, and is asked once
  phone->answer(reoffer.session, answer_sdp);
  const auto held = wire.response(200);
  CHECK(held.ends_with("\r\n\r\n" + answer_sdp));
  CHECK(wire.response(200) == held);  // until its ACK
  wire.send(wire.request("ACK", 2, "", tag));
  wire.send(wire.request("INVITE", 3, offer, tag));
  phone->refuse(phone.next<Reoffer>().session, 488, "Not Acceptable Here");
  wire.response(488);
  wire.send(wire.request("ACK", 3, "", tag));
  wire.send(wire.request("INVITE", 4, "", tag));
  const auto empty = phone.next<Reoffer>();
  CHECK(empty.sdp.empty());
  wire.send(wire.request("INVITE", 5, offer, tag));
  CHECK(header_of(wire.response(500), "Retry-After") == "2");  // 4 has no answer yet
  phone->answer(empty.session, answer_sdp);
  CHECK(wire.response(200).ends_with(answer_sdp));
  wire.send(wire.request("ACK", 4, offer, tag));
  CHECK(phone.next<Confirmed>().sdp == offer);
  CHECK(phone.waiting() == 0);
  wire.send(wire.request("BYE", 6, "", tag));
  phone.next<Ended>();
}

TEST_CASE("on the wire: INFO brings keys, and is refused when it brings something else") {
  Phone phone;
  Wire wire(phone.address());
  const auto tag = answered(wire, phone);
  const auto info = [&](int cseq, const std::string& type, const std::string& body) {
    auto request = wire.request("INFO", cseq, body, tag);
    const std::string sdp = "application/sdp";
    if (const auto at = request.find(sdp); at != request.npos)
      request.replace(at, sdp.size(), type);
    wire.send(request);
  };
  info(2, "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n");
  wire.response(200);
  CHECK(phone.next<Key>().press == KeyPress{'5', 160});
  info(3, "application/dtmf", "#");
  wire.response(200);
  CHECK(phone.next<Key>().press.digit == '#');
  info(4, "application/media_control+xml", "<x/>");
  CHECK(header_of(wire.response(415), "Accept") == "application/dtmf-relay, application/dtmf");
  info(5, "", "");  // asks whether we are alive
  wire.response(200);
  CHECK(phone.waiting() == 0);
  wire.send(wire.request("INFO", 6, "5", "nobody"));
  wire.response(481);
  wire.send(wire.request("BYE", 7, "", tag));
  phone.next<Ended>();
}

TEST_CASE("on the wire: a request of a dialog with an old CSeq gets 500") {
  Phone phone;
  Wire wire(phone.address());
  const auto tag = answered(wire, phone);
  wire.send(wire.request("BYE", 1, "", tag));
  wire.response(500);
  wire.send(wire.request("BYE", 2, "", tag));
  wire.response(200);
}

TEST_CASE("on the wire: OPTIONS says what we take, and 503 while we drain") {
  Phone phone;
  Wire wire(phone.address());
  wire.send(wire.request("OPTIONS", 1));
  const auto reply = wire.response(200);
  CHECK(header_of(reply, "Allow") == "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO");
  CHECK(header_of(reply, "Accept") == "application/sdp");
  phone->set_accepting(false);
  wire.send(wire.request("OPTIONS", 2));
  CHECK(header_of(wire.response(503), "Retry-After") == "5");
}

TEST_CASE("on the wire: OPTIONS within a call gets 200, also while we drain") {
  Phone phone;
  Wire wire(phone.address());
  const auto tag = answered(wire, phone);
  phone->set_accepting(false);
  wire.send(wire.request("OPTIONS", 2, "", tag));
  wire.response(200);
  wire.send(wire.request("BYE", 3, "", tag));
  phone.next<Ended>();
}

TEST_CASE("on the wire: what belongs to no dialog gets 481") {
  Phone phone;
  Wire wire(phone.address());
  for (const auto* method : {"BYE", "INVITE", "OPTIONS"}) {
    wire.send(wire.request(method, 1, "", "nobody"));
    wire.response(481);
  }
  wire.send(wire.request("CANCEL", 2));
  wire.response(481);
}

TEST_CASE("on the wire: CANCEL gets its 200 and the INVITE its 487") {
  Phone phone;
  Wire wire(phone.address());
  const auto invite = wire.request("INVITE", 1, offer);
  wire.send(invite);
  phone.next<Invite>();
  auto cancel = wire.request("CANCEL", 1);
  cancel.replace(cancel.find("z9hG4bKCANCEL1"), 14, "z9hG4bKINVITE1");
  wire.send(cancel);
  wire.response(200);
  const auto last = wire.response(487);
  CHECK(header_of(last, "CSeq") == "1 INVITE");
  CHECK(phone.next<Ended>().why == Why::cancelled);
}

TEST_CASE("on the wire: each message of RFC 4475 has its answer, and a call that is up stays") {
  Phone phone, caller;
  const auto [out, in] = connect(caller, phone);
  for (const auto& torture : torture_messages()) {
    if (torture.code <= 0) continue;
    CAPTURE(torture.name);
    // Its Via names another host; the answer goes to where it came from, at the Via's port.
    Wire wire(phone.address());
    auto text = torture.text;
    for (const auto* via : {"host5.example.net;", "192.0.2.1;", "192.0.2.95;"})
      if (const auto at = text.find(std::string("UDP ") + via); at != text.npos)
        text.insert(at + 4 + std::string(via).size(), "rport;");
    wire.send(text);
    wire.response(torture.code);
  }
  caller->hang_up(out);
  CHECK(phone.next<Ended>().session == in);
}

TEST_CASE("on the wire: garbage, cut packets and 4,000 mutated INVITEs harm no other call") {
  constexpr unsigned seed = 99;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return std::size_t(random() % n); };
  auto options = Phone::any_port();
  options.max_sessions = 100000;
  Phone phone(options), caller;
  const auto [out, in] = connect(caller, phone);
  Wire wire(phone.address());
  const auto good = good_invite(phone.address());
  for (int i = 0; i < 4000; ++i) {
    std::string text = good;
    const int kind = i % 8;
    if (kind == 0) {
      text.assign(1 + below(600), '\0');
      for (auto& c : text) c = char(below(256));
    } else if (kind == 1) {
      text.resize(1 + below(text.size()));
    } else {
      for (auto changes = 1 + below(8); changes > 0; --changes) {
        const auto at = below(text.size());
        if (below(3) == 0)
          text.erase(at, 1 + below(20));
        else if (below(2) == 0)
          text.insert(at, good.substr(below(good.size()), 1 + below(40)));
        else
          text[at] = char(below(256));
        if (text.empty()) text = "x";
      }
    }
    wire.send(text);
    if (i % 50 == 49) {  // so that the socket's buffer does not lose them
      wire.send(wire.request("OPTIONS", i));
      wire.response(200);
    }
  }
  const auto counted = phone->counters();
  CHECK(counted.received >= 4000);
  CHECK(counted.garbage > 500);
  CHECK(counted.refused > 1000);
  const auto [second_out, second_in] = [&] {
    const auto placed = caller.dial(phone);
    SessionId session = 0;
    for (auto invite = phone.next<Invite>();; invite = phone.next<Invite>())
      if (invite.source == caller.address()) {
        session = invite.session;
        break;
      }
    phone->answer(session, answer_sdp);
    caller.next<Accepted>();
    return std::pair(placed, session);
  }();
  caller->hang_up(out);
  caller->hang_up(second_out);
  caller.next<Ended>();
  caller.next<Ended>();
  phone.close();
  const auto endings = phone.endings();
  CHECK(endings.at(in) == 1);
  CHECK(endings.at(second_in) == 1);
  for (const auto& [session, times] : endings) CHECK(times == 1);
}

TEST_CASE("on the wire: a source that sends too much is dropped unread, and counted") {
  auto options = Phone::any_port();
  options.limit_loopback = true;
  options.source_burst = 20;
  options.source_per_second = 1;
  Phone phone(options);
  Wire wire(phone.address());
  for (int i = 0; i < 100; ++i) wire.send(wire.request("OPTIONS", i + 1));
  while (phone->counters().received < 100) wire.receive(20);
  CHECK(phone->counters().limited >= 75);
  CHECK(phone->counters().limited <= 81);
}

TEST_CASE("on the wire: a 200 that comes again is acknowledged again, another branch's is ended") {
  Phone phone;
  Wire callee;
  phone->dial({.to = "sip:x@" + callee.address(), .sdp = offer});
  const auto invite = callee.receive();
  REQUIRE(invite);
  const auto ok = [&](const std::string& tag) {
    return "SIP/2.0 200 OK\r\nVia: " + header_of(*invite, "Via") +
           "\r\nFrom: " + header_of(*invite, "From") + "\r\nTo: " + header_of(*invite, "To") +
           ";tag=" + tag + "\r\nCall-ID: " + header_of(*invite, "Call-ID") +
           "\r\nCSeq: " + header_of(*invite, "CSeq") + "\r\nContact: <sip:x@" + callee.address() +
           ">\r\nContent-Length: 0\r\n\r\n";
  };
  callee.send(ok("one"));
  phone.next<Accepted>();
  const auto first = callee.receive();
  REQUIRE(first);
  CHECK(first->starts_with("ACK "));
  callee.send(ok("one"));
  const auto again = callee.receive();
  REQUIRE(again);
  CHECK(again->starts_with("ACK "));
  callee.send(ok("two"));
  CHECK(callee.receive()->starts_with("ACK "));
  CHECK(callee.receive()->starts_with("BYE "));
  CHECK(phone.waiting() == 0);
}
