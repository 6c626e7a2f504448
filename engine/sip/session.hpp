// session: one call's INVITE session as a pure machine: what happened in, what to do out.
//
// It decides about answers, retransmissions of the 200 until its ACK, CANCEL races, BYE before ACK,
// re-INVITEs (answered by the owner, within a limit) and every limit of time, and says Ended
// exactly once. libre and the timer wheel are the endpoint's; the machine only names what it wants
// from them.
//
// Threads: the owner's. RFC 3261 (13, 14, 15 and 17.1.1.2 for T1 and T2).
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/sip/endpoint.hpp"

namespace parley::sip {

// What happens to a session.
namespace in {
struct Begin {};  // first of all
struct Ring {};   // ours: ring, answer, refuse, hang up
struct Answer {
  std::string sdp{};
};
struct Refuse {
  int code = 500;
  std::string phrase{};
  int retry_after_s = 0;
};
struct HangUp {};
struct Ack {  // the network's, on a call to us
  std::string sdp{};
};
struct Cancel {};
struct Bye {};  // on any call
struct Reinvite {
  std::string sdp{};
};
struct Provisional {  // on a call by us
  int code = 180;
};
struct Accepted {
  std::string sdp{};
};
struct Rejected {
  int code = 500;
  std::string phrase{};
};
struct Lost {  // no answer in time, or it could not be sent
  bool timed_out = false;
  std::string sentence{};
};
struct ByeDone {};
}  // namespace in

enum class Timer { limit, resend, patience };
constexpr int timer_count = 3;

namespace in {
struct Due {
  Timer timer = Timer::limit;
};
}  // namespace in

using Input = std::variant<in::Begin, in::Ring, in::Answer, in::Refuse, in::HangUp, in::Ack,
                           in::Cancel, in::Bye, in::Reinvite, in::Provisional, in::Accepted,
                           in::Rejected, in::Lost, in::ByeDone, in::Due>;

// What to do, in order.
namespace out {
struct Reply {  // to the INVITE that began the session
  int code = 100;
  std::string phrase{};
  int retry_after_s = 0;
  std::string sdp{};  // with a 200
};
struct ResendAnswer {};  // the last 200, as it was
struct Reanswer {        // 200 to the re-INVITE that came last
  std::string sdp{};
};
struct RefuseReinvite {  // the one that waits, or the one that just came and can't be taken
  int code = 500;
  std::string phrase = "Server Internal Error";
};
struct SendInvite {};
struct SendAck {};
struct SendBye {};
struct SendCancel {};
struct Start {
  Timer timer = Timer::limit;
  Nanos delay{0};
};
struct Stop {
  Timer timer = Timer::limit;
};
struct Tell {
  Notice notice{};
};
}  // namespace out

using Action =
    std::variant<out::Reply, out::ResendAnswer, out::Reanswer, out::RefuseReinvite, out::SendInvite,
                 out::SendAck, out::SendBye, out::SendCancel, out::Start, out::Stop, out::Tell>;
using Actions = std::vector<Action>;

constexpr Nanos t1 = 500ms;
constexpr Nanos t2 = 4s;
constexpr Nanos ack_limit = 64 * t1;
constexpr Nanos reoffer_limit = 5s;      // a re-INVITE that its owner does not answer
constexpr Nanos undecided_limit = 180s;  // an INVITE nobody answers or refuses: 180 is not for ever

class Session {
 public:
  static Session inbound(SessionId id) { return Session(id, State::offered, undecided_limit); }
  static Session outbound(SessionId id, Nanos ring_limit) {
    return Session(id, State::calling, ring_limit);
  }

  Actions handle(const Input& input);
  bool over() const { return state_ == State::over; }  // nothing more can come of it
  // Another INVITE can be taken: the one before is answered and acknowledged (RFC 3261, 14.2).
  bool takes_reinvite() const { return state_ == State::up && !awaiting_ack_ && !reoffered_; }
  bool ended() const { return ended_ || over(); }  // no longer a call for anybody

 private:
  enum class State {
    offered,     // inbound, neither answered nor refused
    answered,    // inbound, 200 sent, no ACK yet
    calling,     // outbound, no final answer yet
    cancelling,  // outbound, we want no answer any more
    up,
    leaving,  // our BYE is out
    over,
  };

  Session(SessionId id, State state, Nanos limit) : id_(id), limit_(limit), state_(state) {}

  void on(const in::Begin&);
  void on(const in::Ring&);
  void on(const in::Answer&);
  void on(const in::Refuse&);
  void on(const in::HangUp&);
  void on(const in::Ack&);
  void on(const in::Cancel&);
  void on(const in::Bye&);
  void on(const in::Reinvite&);
  void on(const in::Provisional&);
  void on(const in::Accepted&);
  void on(const in::Rejected&);
  void on(const in::Lost&);
  void on(const in::ByeDone&);
  void on(const in::Due&);

  template <class T>
  void want(T action) {
    actions_.emplace_back(std::in_place_type<T>, std::move(action));
  }
  void tell_ended(Why why, int code, std::string detail);
  void refuse(int code, std::string phrase, int retry_after_s = 0);
  void await_ack();
  void acknowledged();
  void leave();
  void close();
  void refuse_reinvite(int code, std::string phrase);

  const SessionId id_;
  const Nanos limit_;
  State state_;
  bool ended_ = false;
  bool awaiting_ack_ = false;  // a 200 of ours is out
  bool reoffered_ = false;     // a re-INVITE waits for its owner's answer
  Nanos resend_after_ = t1;
  int last_provisional_ = 0;
  Actions actions_;
};

}  // namespace parley::sip
