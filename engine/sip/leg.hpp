// leg: one session with the libre objects it needs, and how its actions are done with them.
//
// The machine (session.hpp) decides, the leg does; what goes wrong while it does goes back into the
// machine. Inputs that come meanwhile wait their turn.
//
// Threads: the SIP thread's.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "engine/sip/endpoint.hpp"
#include "engine/sip/libre.hpp"
#include "engine/sip/session.hpp"
#include "engine/sip/stack.hpp"

namespace parley::sip {

class Leg {
 public:
  struct Owner {  // what all legs of an endpoint share
    Stack& stack;
    const std::function<void(const Notice&)> tell;
    const std::function<void(Leg&)> changed;  // after every input; may destroy the leg
  };

  // Of an INVITE that came in; an error is a reason for a 400.
  static Result<std::unique_ptr<Leg>> inbound(Owner& owner, SessionId id, const sip_msg& invite);
  // Of a call we place; an error is what Ended says.
  static Result<std::unique_ptr<Leg>> outbound(Owner& owner, SessionId id, const Dial& dial);
  Leg(const Leg&) = delete;
  Leg& operator=(const Leg&) = delete;
  ~Leg();

  // May destroy the leg: nothing of it may be touched afterwards.
  void feed(Input input);

  SessionId id() const { return id_; }
  const std::string& call_id() const { return call_id_; }
  const Session& session() const { return session_; }

  bool is_ours(const sip_msg& message) const;  // of this dialog
  // In-dialog requests, each already known to be this dialog's.
  void on_ack(const sip_msg& ack);
  void on_bye(const sip_msg& bye);
  void on_reinvite(const sip_msg& invite);
  void on_info(const sip_msg& info);
  bool is_newer(const sip_msg& request);                 // by its CSeq; remembers it
  bool is_reinvite_again(const sip_msg& request) const;  // retransmitted: it gets its answer
  // A 2xx libre has no transaction for: ours again, or another branch's of a forked call.
  bool on_stray_answer(const sip_msg& answer);

 private:
  Leg(Owner& owner, SessionId id, Session session)
      : owner_(owner), id_(id), session_(std::move(session)) {}

  static void on_cancel(void* self);
  static void on_invite_response(int err, const sip_msg* message, void* self);
  static void on_bye_response(int err, const sip_msg* message, void* self);
  void on_final_answer(const sip_msg& answer);

  void perform(const out::Reply& reply);
  void perform(const out::ResendAnswer&);
  void perform(const out::Reanswer& reply);
  void perform(const out::RefuseReinvite& refusal);
  void perform(const out::SendInvite&);
  void perform(const out::SendAck&);
  void perform(const out::SendBye&);
  void perform(const out::SendCancel&);
  void perform(const out::Start& start);
  void perform(const out::Stop& stop);
  void perform(const out::Tell& tell);

  struct sip* sip() const {
    return owner_.stack.sip();
  }
  int send_final(const sip_msg& invite, sip_strans** transaction, const std::string& sdp);
  void queue(Input input) { inputs_.push_back(std::move(input)); }

  Owner& owner_;
  const SessionId id_;
  Session session_;
  std::deque<Input> inputs_;
  bool busy_ = false;

  std::string call_id_, contact_;
  std::string our_sdp_;  // the last we sent
  std::uint32_t invite_cseq_ = 0, remote_cseq_ = 0;
  std::array<TimerWheel::Id, timer_count> timers_{};

  Re<sip_msg> invite_, reinvite_;
  Re<sip_msg> untaken_;         // a re-INVITE that comes while another one is under way
  Re<sip_strans> transaction_;  // of the INVITE, until its final answer
  Re<sip_dialog> half_;         // outbound: as it was before any answer
  Re<sip_dialog> dialog_;
  Re<struct sip_request> request_;
  Re<mbuf> answer_;  // the 200 that waits for its ACK
  sa answer_to_{};
};

constexpr std::uint64_t timer_key(SessionId id, Timer timer) {
  return id * timer_count + std::uint64_t(timer);
}

}  // namespace parley::sip
