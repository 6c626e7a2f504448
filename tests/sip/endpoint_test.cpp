// endpoint: whole calls between two endpoints on loopback, each with its own SIP thread.

#include "engine/sip/endpoint.hpp"

#include <doctest/doctest.h>

#include "engine/sip/sdp.hpp"
#include "tests/sip/phone.hpp"

using namespace parley;
using namespace parley::sip;

namespace {

const std::string offer = write_offer({"127.0.0.1", 4000}, 1);

}  // namespace

TEST_CASE("endpoint: a call is placed, answered, acknowledged and hung up by the caller") {
  Phone caller, callee;
  const auto out = caller.dial(callee);
  const auto invite = callee.next<Invite>();
  CHECK(invite.sdp == offer);
  CHECK(invite.user == "agent");
  CHECK(invite.source == caller.address());
  callee->ring(invite.session);
  CHECK(caller.next<Ringing>().code == 180);
  callee->answer(invite.session, offer);
  CHECK(caller.next<Accepted>().session == out);
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
