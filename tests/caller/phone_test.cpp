#include "tools/caller/phone.hpp"

#include <doctest/doctest.h>

#include <future>

#include "engine/base/real_loop.hpp"
#include "engine/sip/sdp.hpp"

using namespace parley;
using namespace parley::caller;

namespace {

struct Ended {
  bool completed = false;
  std::string reason;
  std::string report;
};

// A far end that answers what it is told to and sends nothing.
struct FarEnd {
  explicit FarEnd(std::function<void(FarEnd&, const sip::Invite&)> on_invite)
      : on_invite_(std::move(on_invite)) {
    auto opened = sip::Endpoint::open({.listen = "127.0.0.1:0"}, [this](const sip::Notice& notice) {
      if (const auto* invite = std::get_if<sip::Invite>(&notice)) on_invite_(*this, *invite);
      if (std::get_if<sip::Ended>(&notice)) ended.set_value();
    });
    REQUIRE_MESSAGE(bool(opened), (opened ? "" : opened.error()));
    endpoint = *std::move(opened);
  }

  std::unique_ptr<sip::Endpoint> endpoint;
  std::promise<void> ended;

 private:
  std::function<void(FarEnd&, const sip::Invite&)> on_invite_;
};

Ended call(FarEnd& far, const char* text, LineSettings line = {}) {
  const auto script = parse_script(text);
  REQUIRE(bool(script));
  Voices voices;
  const auto program = prepare(*script, {}, voices);
  REQUIRE(bool(program));
  const auto loop = RealLoop::make("phone-test");
  loop->start();
  std::promise<Ended> promise;
  {
    auto phone = Phone::open("127.0.0.1");
    REQUIRE_MESSAGE(bool(phone), (phone ? "" : phone.error()));
    (*phone)->call({.loop = loop,
                    .to = "sip:anyone@" + far.endpoint->address(),
                    .program = *program,
                    .line = line,
                    .on_end = [&](const Outcome& outcome) {
                      promise.set_value(
                          {outcome.completed, outcome.reason,
                           outcome.caller ? outcome.caller->report() : std::string()});
                    }});
    auto future = promise.get_future();
    REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    const auto ended = future.get();
    if (ended.completed) far.ended.get_future().wait_for(std::chrono::seconds(5));
    phone->reset();
    loop->stop();
    return ended;
  }
}

}  // namespace

TEST_CASE("phone: an answered call plays its script and ends with BYE") {
  std::string offered;
  FarEnd far([&](FarEnd& self, const sip::Invite& invite) {
    offered = invite.sdp;
    const auto answer =
        sip::answer_offer(invite.sdp, {.media = {.host = "127.0.0.1", .port = 9}, .session = 1});
    REQUIRE(bool(answer));
    self.endpoint->answer(invite.session, answer->sdp);
  });
  const auto ended = call(far, "pause 100\nhangup", {.codec = "PCMA"});
  CHECK_MESSAGE(ended.completed, ended.reason);
  CHECK(ended.reason == "the script hung up");
  CHECK(ended.report.find("\"completed\":true") != std::string::npos);
  const auto description = sip::parse_sdp(offered);
  REQUIRE(bool(description));
  REQUIRE(description->payloads.size() == 2);
  CHECK(description->payloads[0].name == "PCMA");
  CHECK(description->payloads[1].name == "TELEPHONE-EVENT");
}

TEST_CASE("phone: a refusal is a sentence with its code") {
  FarEnd far([](FarEnd& self, const sip::Invite& invite) {
    self.endpoint->refuse(invite.session, 486, "Busy Here");
  });
  const auto ended = call(far, "pause 100\nhangup");
  CHECK_FALSE(ended.completed);
  CHECK(ended.reason.find("the call was not answered: 486") == 0);
  CHECK(ended.report.empty());
}

TEST_CASE("phone: the far end's BYE ends the script where it is") {
  FarEnd far([](FarEnd& self, const sip::Invite& invite) {
    const auto answer =
        sip::answer_offer(invite.sdp, {.media = {.host = "127.0.0.1", .port = 9}, .session = 1});
    self.endpoint->answer(invite.session, answer->sdp);
    self.endpoint->hang_up(invite.session);
  });
  const auto ended = call(far, "wait agent to finish\nhangup");
  CHECK_FALSE(ended.completed);
  CHECK(ended.reason.find("line 1: the other side ended the call") == 0);
}
