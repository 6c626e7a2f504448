// endpoint: whole calls between two endpoints on loopback, each with its own SIP thread.

#include "engine/sip/endpoint.hpp"

#include <doctest/doctest.h>

#include <set>

#include "engine/sip/sdp.hpp"
#include "tests/sip/phone.hpp"

using namespace parley;
using namespace parley::sip;

namespace {

const std::string offer = write_offer({.media = {"127.0.0.1", 4000}, .session = 1});

}  // namespace

TEST_CASE("endpoint: a call is placed, answered, acknowledged and hung up by the caller") {
  Phone caller, callee;
  const auto out = caller.dial(callee);
  const auto invite = callee.next<Invite>();
  CHECK(invite.sdp == offer);
  CHECK(invite.user == "agent");
  CHECK(invite.source == caller.address());
  CHECK(invite.from == "sip:tester@" + caller.address());
  callee->ring(invite.session);
  CHECK(caller.next<Ringing>().code == 180);
  callee->answer(invite.session, "v=0\r\n% is nobody's format %s %n\r\n");
  const auto accepted = caller.next<Accepted>();
  CHECK(accepted.session == out);
  CHECK(accepted.sdp == "v=0\r\n% is nobody's format %s %n\r\n");
  CHECK(callee.next<Confirmed>().session == invite.session);
  caller->hang_up(out);
  CHECK(caller.next<Ended>().why == Why::local_bye);
  CHECK(callee.next<Ended>().why == Why::remote_bye);
}

TEST_CASE("endpoint: the called side may hang up as well") {
  Phone caller, callee;
  const auto [out, in] = connect(caller, callee);
  callee->hang_up(in);
  CHECK(callee.next<Ended>().why == Why::local_bye);
  const auto ended = caller.next<Ended>();
  CHECK(ended.why == Why::remote_bye);
  CHECK(ended.session == out);
}

TEST_CASE("endpoint: both hang up at once and each ends once") {
  Phone caller, callee;
  const auto [out, in] = connect(caller, callee);
  callee->hang_up(in);
  caller->hang_up(out);
  caller->hang_up(out);
  callee.next<Ended>();
  caller.next<Ended>();
  caller.close();
  callee.close();
  CHECK(caller.endings() == std::map<SessionId, int>{{out, 1}});
  CHECK(callee.endings() == std::map<SessionId, int>{{in, 1}});
}

TEST_CASE("endpoint: a refusal reaches the caller with its code, and the refuser hears no more") {
  struct Row {
    int code;
    Why why;
  };
  for (const auto row : {Row{486, Why::busy}, Row{488, Why::rejected}, Row{480, Why::no_answer},
                         Row{603, Why::rejected}, Row{302, Why::rejected}}) {
    CAPTURE(row.code);
    Phone caller, callee;
    caller.dial(callee);
    callee->refuse(callee.next<Invite>().session, row.code, "No\r\nInjected: header", 3);
    const auto ended = caller.next<Ended>();
    CHECK(ended.why == row.why);
    CHECK(ended.code == row.code);
    callee.close();
    CHECK(callee.endings().empty());
  }
}

TEST_CASE("endpoint: giving up while it rings cancels the call on both sides") {
  Phone caller, callee;
  const auto out = caller.dial(callee);
  const auto in = callee.next<Invite>().session;
  callee->ring(in);
  caller.next<Ringing>();
  caller->hang_up(out);
  CHECK(caller.next<Ended>().why == Why::cancelled);
  const auto ended = callee.next<Ended>();
  CHECK(ended.why == Why::cancelled);
  CHECK(ended.code == 487);
}

TEST_CASE("endpoint: a call that rings too long ends as not answered, and is cancelled there") {
  Phone caller, callee;
  caller.dial(callee, 1);
  callee->ring(callee.next<Invite>().session);
  const auto ended = caller.next<Ended>();
  CHECK(ended.why == Why::no_answer);
  CHECK(ended.detail == "no answer within 1 s");
  CHECK(callee.next<Ended>().why == Why::cancelled);
}

TEST_CASE("endpoint: hanging up on a call not yet answered refuses it") {
  Phone caller, callee;
  caller.dial(callee);
  callee->hang_up(callee.next<Invite>().session);
  CHECK(callee.next<Ended>().why == Why::local_bye);
  const auto ended = caller.next<Ended>();
  CHECK(ended.why == Why::rejected);
  CHECK(ended.code == 487);
}

TEST_CASE("endpoint: what cannot be dialled ends at once with a sentence") {
  Phone phone;
  struct Row {
    const char *to, *from, *says;
  };
  for (const auto row : {Row{"sip:agent@pbx.example.com", "", "is a name; only numeric"},
                         Row{"agent", "", "is not of the form sip:user@address:port"},
                         Row{"tel:+15550100", "", "is not of the form"},
                         Row{"sip:agent@[::1]:5060", "", "another address family"},
                         Row{"sip:a@127.0.0.1:9>\r\nX: y", "", "is not of the form"},
                         Row{"sip:a@127.0.0.1:9", "b>\r\nX: y", "cannot be a caller"},
                         Row{"sip:a@127.0.0.1:9;transport=tcp", "", "could not be sent"}}) {
    CAPTURE(row.to);
    const auto id = phone->dial({.to = row.to, .from = row.from, .sdp = offer});
    const auto ended = phone.next<Ended>();
    CHECK(ended.session == id);
    CHECK(ended.why == Why::failed);
    CHECK_MESSAGE(ended.detail.find(row.says) != std::string::npos, ended.detail);
  }
}

TEST_CASE("endpoint: a second one on the same port is told so, and harms not the first") {
  Phone phone, caller;
  Options options;
  options.listen = phone.address();
  const auto second = Endpoint::open(options, [](const Notice&) {});
  REQUIRE_FALSE(second);
  CHECK(second.error() ==
        "cannot listen for SIP on " + phone.address() + ": address already in use");
  connect(caller, phone);
}

TEST_CASE("endpoint: an address that is none, or not ours, is named") {
  for (const auto* listen : {"", "5060", "localhost:5060", "127.0.0.1:x", "192.0.2.1:5060"}) {
    Options options;
    options.listen = listen;
    const auto opened = Endpoint::open(options, [](const Notice&) {});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().find(listen) != std::string::npos);
  }
}

TEST_CASE("endpoint: when it is full, the next call gets 503 and the others go on") {
  auto options = Phone::any_port();
  options.max_sessions = 2;
  Phone caller, callee(options);
  const auto [out, in] = connect(caller, callee);
  connect(caller, callee);
  const auto third = caller.dial(callee);
  const auto ended = caller.next<Ended>();
  CHECK(ended.session == third);
  CHECK(ended.code == 503);
  CHECK(callee->counters().turned_away == 1);
  callee->hang_up(in);
  CHECK(caller.next<Ended>().session == out);
  connect(caller, callee);
}

TEST_CASE("endpoint: while it drains, new calls get 503 and calls that are up stay") {
  Phone caller, callee;
  const auto [out, in] = connect(caller, callee);
  callee->set_accepting(false);
  caller.dial(callee);
  CHECK(caller.next<Ended>().code == 503);
  caller->hang_up(out);
  CHECK(callee.next<Ended>().session == in);
}

TEST_CASE("endpoint: closing it hangs up every call, whatever state it is in") {
  Phone caller, callee, other;
  const auto [up_out, up_in] = connect(caller, callee);
  const auto ringing = caller.dial(callee);
  callee.next<Invite>();
  const auto placed = callee->dial({.to = "sip:x@" + other.address(), .sdp = offer});
  const auto unanswered = other.next<Invite>().session;
  callee.close();
  std::map<SessionId, Ended> ended;
  for (int i = 0; i < 2; ++i) {
    const auto one = caller.next<Ended>();
    ended[one.session] = one;
  }
  CHECK(ended[up_out].why == Why::remote_bye);
  CHECK(ended[ringing].code == 487);
  CHECK(other.next<Ended>().session == unanswered);
  CHECK(callee.endings().size() == 3);
  CHECK(callee.endings()[placed] == 1);
  CHECK(callee.endings()[up_in] == 1);
}

TEST_CASE("endpoint: an endpoint may call itself") {
  Phone phone;
  const auto [out, in] = connect(phone, phone);
  phone->hang_up(out);
  std::set<SessionId> ended{phone.next<Ended>().session, phone.next<Ended>().session};
  CHECK(ended == std::set<SessionId>{out, in});
}

TEST_CASE("endpoint: 200 calls at once, each answered, confirmed and ended once on both sides") {
  constexpr int calls = 200;
  Phone caller, callee;
  std::set<SessionId> placed;
  for (int i = 0; i < calls; ++i) placed.insert(caller.dial(callee));
  for (int i = 0; i < calls; ++i) callee->answer(callee.next<Invite>().session, offer);
  for (int i = 0; i < calls; ++i) caller.next<Accepted>();
  std::vector<SessionId> taken;
  for (int i = 0; i < calls; ++i) taken.push_back(callee.next<Confirmed>().session);
  for (const auto session : placed) caller->hang_up(session);
  for (const auto session : taken) callee->hang_up(session);  // glare in each
  for (int i = 0; i < calls; ++i) caller.next<Ended>();
  for (int i = 0; i < calls; ++i) callee.next<Ended>();
  caller.close();
  callee.close();
  CHECK(caller.endings().size() == calls);
  CHECK(callee.endings().size() == calls);
  for (const auto& [session, times] : caller.endings()) CHECK(times == 1);
  for (const auto& [session, times] : callee.endings()) CHECK(times == 1);
  CHECK(caller.waiting() == 0);
  CHECK(callee.waiting() == 0);
}
