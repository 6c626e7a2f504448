// session: the transitions, an input each. An input that means nothing in a state does nothing.

#include "engine/sip/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace parley::sip {
namespace {

struct Meaning {
  int code;
  Why why;
  const char* sentence;
};

// How a refused call ended, by its status; what is not here was rejected.
constexpr Meaning meanings[] = {
    {486, Why::busy, "busy"},
    {600, Why::busy, "busy everywhere"},
    {408, Why::no_answer, "no answer"},
    {480, Why::no_answer, "nobody there at the moment"},
    {404, Why::rejected, "no such user there"},
    {488, Why::rejected, "no codec in common"},
    {603, Why::rejected, "declined"},
};

Meaning meaning_of(int code) {
  for (const auto& meaning : meanings)
    if (meaning.code == code) return meaning;
  return {code, Why::rejected, "refused"};
}

}  // namespace

Actions Session::handle(const Input& input) {
  if (!over()) std::visit([this](const auto& what) { on(what); }, input);
  return std::exchange(actions_, {});
}

void Session::on(const in::Begin&) {
  if (state_ == State::offered) want(out::Reply{.code = 100, .phrase = "Trying"});
  if (state_ == State::calling) want(out::SendInvite{});
  want(out::Start{Timer::limit, limit_});
}

void Session::on(const in::Ring&) {
  if (state_ == State::offered) want(out::Reply{.code = 180, .phrase = "Ringing"});
}

void Session::on(const in::Answer& answer) {
  if (reoffered_) {
    reoffered_ = false;
    want(out::Stop{Timer::limit});
    want(out::Reanswer{.sdp = answer.sdp});
    return await_ack();
  }
  if (state_ != State::offered) return;
  want(out::Reply{.code = 200, .phrase = "OK", .sdp = answer.sdp});
  want(out::Stop{Timer::limit});
  state_ = State::answered;
  await_ack();
}

void Session::on(const in::Refuse& order) {
  if (reoffered_) return refuse_reinvite(order.code, order.phrase);
  if (state_ != State::offered) return;
  ended_ = true;  // refused by us: nobody is told
  refuse(order.code, order.phrase, order.retry_after_s);
}

void Session::on(const in::HangUp&) {
  switch (state_) {
    case State::offered:
      tell_ended(Why::local_bye, 487, "we hung up before an answer");
      return refuse(487, "Request Terminated");
    case State::answered:  // a BYE may not leave before the ACK has come
      return tell_ended(Why::local_bye, 0, "we hung up");
    case State::calling:
      want(out::SendCancel{});
      want(out::Stop{Timer::limit});
      state_ = State::cancelling;
      return tell_ended(Why::cancelled, 0, "we gave up before an answer");
    case State::up:
      tell_ended(Why::local_bye, 0, "we hung up");
      return leave();
    default:
      return;
  }
}

void Session::on(const in::Ack& ack) {
  if (!awaiting_ack_) return;
  acknowledged();
  if (state_ == State::up && !ack.sdp.empty())  // of a re-INVITE that wanted our offer
    return want(out::Tell{Confirmed{.session = id_, .sdp = ack.sdp}});
  if (state_ != State::answered) return;
  state_ = State::up;
  if (ended_) return leave();
  want(out::Tell{Confirmed{.session = id_, .sdp = ack.sdp}});
}

void Session::on(const in::Cancel&) {
  if (state_ != State::offered) return;
  tell_ended(Why::cancelled, 487, "the caller gave up before an answer");
  refuse(487, "Request Terminated");
}

void Session::on(const in::Bye&) {
  switch (state_) {
    case State::offered:
      tell_ended(Why::remote_bye, 487, "the caller hung up before an answer");
      return refuse(487, "Request Terminated");
    case State::answered:
    case State::up:
      tell_ended(Why::remote_bye, 0, "the other side hung up");
      return close();
    default:
      return;  // leaving: both hung up at once; ours is on its way
  }
}

void Session::on(const in::Reinvite& again) {
  if (!takes_reinvite()) return want(out::RefuseReinvite{});
  reoffered_ = true;
  want(out::Start{Timer::limit, reoffer_limit});
  want(out::Tell{Reoffer{.session = id_, .sdp = again.sdp}});
}

void Session::on(const in::Provisional& news) {
  const bool rings = news.code == 180 || news.code == 183;
  if (state_ != State::calling || !rings || news.code == last_provisional_) return;
  last_provisional_ = news.code;
  want(out::Tell{Ringing{.session = id_, .code = news.code}});
}

void Session::on(const in::Accepted& accepted) {
  switch (state_) {
    case State::calling:
      want(out::SendAck{});
      want(out::Stop{Timer::limit});
      state_ = State::up;
      return want(out::Tell{Accepted{.session = id_, .sdp = accepted.sdp}});
    case State::cancelling:  // the 2xx and our CANCEL passed each other
      want(out::SendAck{});
      return leave();
    case State::up:
    case State::leaving:
      return want(out::SendAck{});  // it came again: our ACK was lost
    default:
      return;
  }
}

void Session::on(const in::Rejected& rejected) {
  if (state_ != State::calling && state_ != State::cancelling) return;
  const auto meaning = meaning_of(rejected.code);
  tell_ended(meaning.why, rejected.code, fmt::format("{} ({})", meaning.sentence, rejected.code));
  close();
}

void Session::on(const in::Lost& lost) {
  tell_ended(lost.timed_out ? Why::timeout : Why::failed, 0, lost.sentence);
  close();
}

void Session::on(const in::ByeDone&) {
  if (state_ == State::leaving) close();
}

void Session::on(const in::Due& due) {
  if (due.timer == Timer::resend && awaiting_ack_) {
    want(out::ResendAnswer{});
    resend_after_ = std::min(2 * resend_after_, t2);
    want(out::Start{Timer::resend, resend_after_});
  } else if (due.timer == Timer::patience && awaiting_ack_) {
    acknowledged();
    tell_ended(Why::timeout, 0, "our 200 was never acknowledged");
    leave();
  } else if (due.timer == Timer::limit && reoffered_) {
    refuse_reinvite(500, "Server Internal Error");
  } else if (due.timer == Timer::limit && state_ == State::offered) {
    tell_ended(Why::timeout, 480, "neither answered nor refused in time");
    refuse(480, "Temporarily Unavailable");
  } else if (due.timer == Timer::limit && state_ == State::calling) {
    want(out::SendCancel{});
    state_ = State::cancelling;
    tell_ended(Why::no_answer, 0, fmt::format("no answer within {} s", limit_ / 1s));
  }
}

void Session::tell_ended(Why why, int code, std::string detail) {
  if (std::exchange(ended_, true)) return;
  want(out::Tell{Ended{.session = id_, .why = why, .code = code, .detail = std::move(detail)}});
}

void Session::refuse(int code, std::string phrase, int retry_after_s) {
  want(out::Reply{.code = code, .phrase = std::move(phrase), .retry_after_s = retry_after_s});
  close();
}

void Session::await_ack() {
  awaiting_ack_ = true;
  resend_after_ = t1;
  want(out::Start{Timer::resend, t1});
  want(out::Start{Timer::patience, ack_limit});
}

void Session::acknowledged() {
  awaiting_ack_ = false;
  want(out::Stop{Timer::resend});
  want(out::Stop{Timer::patience});
}

void Session::refuse_reinvite(int code, std::string phrase) {
  reoffered_ = false;
  want(out::Stop{Timer::limit});
  want(out::RefuseReinvite{.code = code, .phrase = std::move(phrase)});
}

void Session::leave() {
  if (reoffered_) refuse_reinvite(487, "Request Terminated");
  if (awaiting_ack_) acknowledged();
  want(out::SendBye{});
  state_ = State::leaving;
}

void Session::close() {
  if (reoffered_) refuse_reinvite(487, "Request Terminated");
  state_ = State::over;
  for (const auto timer : {Timer::limit, Timer::resend, Timer::patience}) want(out::Stop{timer});
}

}  // namespace parley::sip
