// session: tables of what comes in and what must go out.

#include "engine/sip/session.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::sip;

namespace {

const char* name_of(Why why) {
  constexpr const char* names[] = {"remote_bye", "local_bye", "cancelled", "rejected",
                                   "busy",       "no_answer", "timeout",   "failed"};
  return names[int(why)];
}

// An action in a word; timers only when they are looked for.
struct Words {
  std::string operator()(const out::Reply& a) const { return std::to_string(a.code); }
  std::string operator()(const out::ResendAnswer&) const { return "200-again"; }
  std::string operator()(const out::Reanswer&) const { return "200-to-reinvite"; }
  std::string operator()(const out::RefuseReinvite& a) const {
    return std::to_string(a.code) + "-to-reinvite";
  }
  std::string operator()(const out::SendInvite&) const { return "INVITE"; }
  std::string operator()(const out::SendAck&) const { return "ACK"; }
  std::string operator()(const out::SendBye&) const { return "BYE"; }
  std::string operator()(const out::SendCancel&) const { return "CANCEL"; }
  std::string operator()(const out::Start&) const { return ""; }
  std::string operator()(const out::Stop&) const { return ""; }
  std::string operator()(const out::Tell& a) const {
    if (const auto* n = std::get_if<Ringing>(&a.notice)) return fmt::format("ringing:{}", n->code);
    if (std::get_if<Accepted>(&a.notice)) return "accepted";
    if (std::get_if<Confirmed>(&a.notice)) return "confirmed";
    if (std::get_if<Reoffer>(&a.notice)) return "reoffer";
    const auto& ended = std::get<Ended>(a.notice);
    return fmt::format("ended:{}:{}", name_of(ended.why), ended.code);
  }
};

std::string words(const Actions& actions) {
  std::string out;
  for (const auto& action : actions) {
    const auto word = std::visit(Words{}, action);
    if (!word.empty()) out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

std::string play(Session session, const std::vector<Input>& inputs) {
  std::string out;
  for (const auto& input : inputs) {
    const auto said = words(session.handle(input));
    if (!said.empty()) out += (out.empty() ? "" : " ") + said;
  }
  return out + (session.over() ? " |" : "");
}

const Input begin = in::Begin{}, ring = in::Ring{}, answer = in::Answer{"sdp"},
            refuse = in::Refuse{486, "Busy Here", 0}, hang_up = in::HangUp{}, ack = in::Ack{},
            cancel = in::Cancel{}, bye = in::Bye{}, reinvite = in::Reinvite{},
            ringing = in::Provisional{180}, accepted = in::Accepted{}, bye_done = in::ByeDone{},
            limit = in::Due{Timer::limit}, resend = in::Due{Timer::resend},
            patience = in::Due{Timer::patience};

Input rejected(int code) { return in::Rejected{code, "x"}; }

struct Row {
  const char* name;
  std::vector<Input> inputs;
  const char* says;
};

void check(const std::vector<Row>& rows, const Session& fresh) {
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(play(fresh, row.inputs) == std::string(row.says));
  }
}

std::vector<Nanos> delays(const Actions& actions, Timer timer) {
  std::vector<Nanos> out;
  for (const auto& action : actions)
    if (const auto* start = std::get_if<out::Start>(&action); start && start->timer == timer)
      out.push_back(start->delay);
  return out;
}

}  // namespace

TEST_CASE("session: a call to us") {
  check(
      {
          {"answered, they hang up",
           {begin, ring, answer, ack, bye},
           "100 180 200 confirmed ended:remote_bye:0 |"},
          {"answered, we hang up",
           {begin, answer, ack, hang_up, bye_done},
           "100 200 confirmed ended:local_bye:0 BYE |"},
          {"refused", {begin, refuse, hang_up, bye}, "100 486 |"},
          {"cancelled",
           {begin, ring, cancel, answer, hang_up},
           "100 180 ended:cancelled:487 487 |"},
          {"CANCEL after the answer comes too late",
           {begin, answer, cancel, ack},
           "100 200 confirmed"},
          {"hung up before an answer", {begin, hang_up, answer}, "100 ended:local_bye:487 487 |"},
          {"nobody decides", {begin, ring, limit, answer}, "100 180 ended:timeout:480 480 |"},
          {"BYE before the ACK ends it",
           {begin, answer, bye, ack, resend},
           "100 200 ended:remote_bye:0 |"},
          {"our BYE waits for the ACK",
           {begin, answer, hang_up, resend, ack, bye_done},
           "100 200 ended:local_bye:0 200-again BYE |"},
          {"the 200 is sent again until the ACK",
           {begin, answer, resend, resend, ack, resend},
           "100 200 200-again 200-again confirmed"},
          {"no ACK ever", {begin, answer, patience, bye_done}, "100 200 ended:timeout:0 BYE |"},
          {"the ACK comes twice", {begin, answer, ack, ack}, "100 200 confirmed"},
          {"BYE to an INVITE without an answer",
           {begin, ring, bye},
           "100 180 ended:remote_bye:487 487 |"},
          {"both hang up at once",
           {begin, answer, ack, hang_up, bye, bye_done},
           "100 200 confirmed ended:local_bye:0 BYE |"},
          {"hung up twice",
           {begin, answer, ack, hang_up, hang_up},
           "100 200 confirmed ended:local_bye:0 BYE"},
          {"answered twice", {begin, answer, answer, ack}, "100 200 confirmed"},
          {"the reply cannot be sent",
           {begin, in::Lost{false, "no route"}},
           "100 ended:failed:0 |"},
          {"an order for what is over", {begin, refuse, ring, answer}, "100 486 |"},
      },
      Session::inbound(1));
}

TEST_CASE("session: a call by us") {
  check(
      {
          {"answered, they hang up",
           {begin, ringing, accepted, bye},
           "INVITE ringing:180 ACK accepted ended:remote_bye:0 |"},
          {"answered, we hang up",
           {begin, accepted, hang_up, bye_done},
           "INVITE ACK accepted ended:local_bye:0 BYE |"},
          {"the 200 comes again: so does our ACK",
           {begin, accepted, accepted, accepted},
           "INVITE ACK accepted ACK ACK"},
          {"180 twice is told once, 183 as well",
           {begin, ringing, ringing, in::Provisional{183}},
           "INVITE ringing:180 ringing:183"},
          {"100 is no news", {begin, in::Provisional{100}}, "INVITE"},
          {"given up",
           {begin, ringing, hang_up, rejected(487)},
           "INVITE ringing:180 CANCEL ended:cancelled:0 |"},
          {"the 2xx passes our CANCEL",
           {begin, hang_up, accepted, bye_done},
           "INVITE CANCEL ended:cancelled:0 ACK BYE |"},
          {"nobody answers",
           {begin, ringing, limit, rejected(487)},
           "INVITE ringing:180 CANCEL ended:no_answer:0 |"},
          {"nobody answers, then somebody does",
           {begin, limit, accepted, accepted, bye_done},
           "INVITE CANCEL ended:no_answer:0 ACK BYE ACK |"},
          {"no peer", {begin, in::Lost{true, "x"}}, "INVITE ended:timeout:0 |"},
          {"the INVITE cannot be sent", {begin, in::Lost{false, "x"}}, "INVITE ended:failed:0 |"},
          {"given up, and no peer",
           {begin, hang_up, in::Lost{true, "x"}},
           "INVITE CANCEL ended:cancelled:0 |"},
      },
      Session::outbound(1, 30s));
}

TEST_CASE("session: how a refused call ended, by its status") {
  const std::pair<int, const char*> rows[] = {
      {302, "rejected"},  {403, "rejected"},  {404, "rejected"}, {407, "rejected"},
      {408, "no_answer"}, {480, "no_answer"}, {486, "busy"},     {488, "rejected"},
      {500, "rejected"},  {503, "rejected"},  {600, "busy"},     {603, "rejected"},
  };
  for (const auto& [code, why] : rows)
    CHECK(play(Session::outbound(1, 30s), {begin, rejected(code)}) ==
          fmt::format("INVITE ended:{}:{} |", why, code));
}

TEST_CASE("session: a re-INVITE is answered, and its 200 sent again until the ACK") {
  check(
      {
          {"answered",
           {begin, answer, ack, reinvite, answer, resend, ack, resend},
           "100 200 confirmed reoffer 200-to-reinvite 200-again"},
          {"refused, and the call goes on",
           {begin, answer, ack, reinvite, refuse, reinvite, answer},
           "100 200 confirmed reoffer 486-to-reinvite reoffer 200-to-reinvite"},
          {"that nobody answers",
           {begin, answer, ack, reinvite, limit, answer},
           "100 200 confirmed reoffer 500-to-reinvite"},
          {"that wanted our offer: the ACK has the answer",
           {begin, answer, ack, reinvite, answer, in::Ack{.sdp = "v=0"}},
           "100 200 confirmed reoffer 200-to-reinvite confirmed"},
          {"before the first answer", {begin, reinvite, answer}, "100 500-to-reinvite 200"},
          {"before the first ACK", {begin, answer, reinvite}, "100 200 500-to-reinvite"},
          {"a second before the answer to the first",
           {begin, answer, ack, reinvite, reinvite, answer},
           "100 200 confirmed reoffer 500-to-reinvite 200-to-reinvite"},
          {"a second before the ACK of the first",
           {begin, answer, ack, reinvite, answer, reinvite},
           "100 200 confirmed reoffer 200-to-reinvite 500-to-reinvite"},
          {"while we hang up",
           {begin, answer, ack, hang_up, reinvite},
           "100 200 confirmed ended:local_bye:0 BYE 500-to-reinvite"},
          {"never acknowledged",
           {begin, answer, ack, reinvite, answer, patience, bye_done},
           "100 200 confirmed reoffer 200-to-reinvite ended:timeout:0 BYE |"},
          {"hung up in the middle",
           {begin, answer, ack, reinvite, answer, hang_up, resend, bye_done},
           "100 200 confirmed reoffer 200-to-reinvite ended:local_bye:0 BYE |"},
          {"hung up before its answer",
           {begin, answer, ack, reinvite, hang_up, answer, bye_done},
           "100 200 confirmed reoffer ended:local_bye:0 487-to-reinvite BYE |"},
          {"they hang up before its answer",
           {begin, answer, ack, reinvite, bye, answer},
           "100 200 confirmed reoffer ended:remote_bye:0 487-to-reinvite |"},
      },
      Session::inbound(1));
}

TEST_CASE("session: retransmissions of the 200 double from T1 to T2, and end after 64 T1") {
  auto session = Session::inbound(1);
  session.handle(begin);
  auto actions = session.handle(answer);
  CHECK(delays(actions, Timer::patience) == std::vector<Nanos>{32s});
  std::vector<Nanos> seen = delays(actions, Timer::resend);
  for (int i = 0; i < 5; ++i) {
    actions = session.handle(resend);
    for (const auto d : delays(actions, Timer::resend)) seen.push_back(d);
  }
  CHECK(seen == std::vector<Nanos>{500ms, 1s, 2s, 4s, 4s, 4s});
}

TEST_CASE("session: whatever comes in whatever order, it ends at most once, and over is over") {
  constexpr unsigned seed = 4711;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<Input> all{
      ring,    answer,   refuse,   hang_up, ack,    cancel,   bye,           reinvite,
      ringing, accepted, bye_done, limit,   resend, patience, rejected(486), in::Lost{true, "x"}};
  for (int round = 0; round < 20000; ++round) {
    const bool inbound = round % 2;
    auto session = inbound ? Session::inbound(1) : Session::outbound(1, 30s);
    session.handle(begin);
    int ended = 0;
    bool refused = false;
    for (int i = 0; i < 30; ++i) {
      const bool was_over = session.over();
      const auto actions = session.handle(all[random() % all.size()]);
      if (was_over) REQUIRE(actions.empty());
      for (const auto& action : actions) {
        const auto* tell = std::get_if<out::Tell>(&action);
        if (tell && std::holds_alternative<Ended>(tell->notice)) ++ended;
        if (tell && !std::holds_alternative<Ended>(tell->notice)) REQUIRE(ended == 0);
        const auto* reply = std::get_if<out::Reply>(&action);
        if (reply && reply->code == 486) refused = true;
      }
    }
    REQUIRE(ended <= 1);
    if (session.over()) REQUIRE((ended == 1) != refused);
  }
}
