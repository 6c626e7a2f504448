#include "engine/sip/leg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "engine/base/log.hpp"
#include "engine/sip/dtmf_info.hpp"
#include "engine/sip/request_check.hpp"

namespace parley::sip {
namespace {

constexpr int reinvite_retry_s = 2;

std::string body_of(const sip_msg& message) {
  return std::string(reinterpret_cast<const char*>(mbuf_buf(message.mb)),
                     mbuf_get_left(message.mb));
}

bool is_writable_in_a_uri(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '<' && c != '>' && c != '"';
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_writable_in_a_uri);
}

std::string own_uri(const std::string& from, const std::string& address) {
  if (from.starts_with("sip:")) return from;
  return fmt::format("sip:{}@{}", from.empty() ? "parley" : from, address);
}

// The address a dialled URI names; there is no resolver, so it must be numeric.
Result<sa> numeric_target(const std::string& to, sa_family_t family) {
  pl whole{.p = to.c_str(), .l = to.size()};
  uri parsed{};
  if (!to.starts_with("sip:") || !is_plain(to) || uri_decode(&parsed, &whole))
    return Error{fmt::format("'{}' is not of the form sip:user@address:port", to)};
  sa target{};
  if (sa_set(&target, &parsed.host, parsed.port ? parsed.port : std::uint16_t(SIP_PORT)))
    return Error{fmt::format("'{}' in '{}' is a name; only numeric addresses can be dialled",
                             text(parsed.host), to)};
  if (sa_af(&target) != int(family))
    return Error{fmt::format("'{}' is of another address family than we listen on", to)};
  return target;
}

std::string one_line(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return text;
}

}  // namespace

Result<std::unique_ptr<Leg>> Leg::inbound(Owner& owner, SessionId id, const sip_msg& invite) {
  std::unique_ptr<Leg> leg(new Leg(owner, id, Session::inbound(id)));
  if (const int err = sip_dialog_accept(leg->dialog_.out(), &invite))
    return Error{fmt::format("no dialog can be made of it: {}", error_text(err))};
  if (const int err =
          sip_strans_alloc(leg->transaction_.out(), leg->sip(), &invite, on_cancel, leg.get()))
    return Error{fmt::format("no transaction can be made of it: {}", error_text(err))};
  leg->invite_ = Re<sip_msg>::share(&invite);
  leg->call_id_ = text(invite.callid);
  leg->invite_cseq_ = leg->remote_cseq_ = invite.cseq.num;
  leg->contact_ = own_uri("", owner.stack.address_toward(invite.src));
  return leg;
}

Result<std::unique_ptr<Leg>> Leg::outbound(Owner& owner, SessionId id, const Dial& dial) {
  const auto target = numeric_target(dial.to, owner.stack.family());
  if (!target) return Error{target.error()};
  if (!is_plain(dial.from))
    return Error{fmt::format("'{}' cannot be a caller", one_line(dial.from))};
  if (dial.sdp.empty()) return Error{"a call needs an SDP offer"};
  std::unique_ptr<Leg> leg(new Leg(
      owner, id, Session::outbound(id, std::chrono::seconds(std::max(dial.ring_seconds, 1)))));
  const auto address = owner.stack.address_toward(*target);
  leg->contact_ = own_uri("", address);
  const auto from = own_uri(dial.from, address);
  if (const int err = sip_dialog_alloc(leg->half_.out(), dial.to.c_str(), dial.to.c_str(), nullptr,
                                       from.c_str(), nullptr, 0))
    return Error{fmt::format("'{}' cannot be dialled: {}", dial.to, error_text(err))};
  leg->call_id_ = sip_dialog_callid(leg->half_.get());
  leg->our_sdp_ = dial.sdp;
  return leg;
}

Leg::~Leg() {
  for (const auto timer : timers_) owner_.stack.stop_timer(timer);
}

void Leg::feed(Input input) {
  queue(std::move(input));
  if (busy_) return;
  busy_ = true;
  while (!inputs_.empty()) {
    const auto next = std::move(inputs_.front());
    inputs_.pop_front();
    for (const auto& action : session_.handle(next))
      std::visit([this](const auto& what) { perform(what); }, action);
  }
  busy_ = false;
  owner_.changed(*this);
}

bool Leg::is_ours(const sip_msg& message) const { return sip_dialog_cmp(dialog_.get(), &message); }

// --- what comes in

void Leg::on_cancel(void* self) { static_cast<Leg*>(self)->feed(in::Cancel{}); }

void Leg::on_ack(const sip_msg& ack) {
  if (ack.cseq.num == invite_cseq_) feed(in::Ack{.sdp = body_of(ack)});
}

bool Leg::is_newer(const sip_msg& request) {
  if (request.cseq.num <= remote_cseq_) return false;
  remote_cseq_ = request.cseq.num;
  return true;
}

void Leg::on_bye(const sip_msg& bye) {
  (void)sip_treply(nullptr, sip(), &bye, 200, "OK");
  feed(in::Bye{});
}

bool Leg::is_reinvite_again(const sip_msg& request) const {
  return reinvite_ && text(request.met) == "INVITE" &&
         request.cseq.num == reinvite_.get()->cseq.num;
}

void Leg::on_info(const sip_msg& info) {
  const auto type = fmt::format("{}/{}", text(info.ctyp.type), text(info.ctyp.subtype));
  const auto body = body_of(info);
  if (!body.empty() && !is_dtmf_type(type)) {
    (void)sip_replyf(sip(), &info, 415, "Unsupported Media Type",
                     "Accept: application/dtmf-relay, application/dtmf\r\n"
                     "Content-Length: 0\r\n\r\n");
    return;
  }
  (void)sip_treply(nullptr, sip(), &info, 200, "OK");
  const auto press = parse_dtmf_info(type, body);
  if (press && !session_.ended()) owner_.tell(Key{.session = id_, .press = *press});
}

void Leg::on_reinvite(const sip_msg& invite) {
  (session_.takes_reinvite() ? reinvite_ : untaken_) = Re<sip_msg>::share(&invite);
  feed(in::Reinvite{.sdp = body_of(invite)});
}

void Leg::on_invite_response(int err, const sip_msg* message, void* self) {
  auto& leg = *static_cast<Leg*>(self);
  if (err || !message) {
    const bool timed_out = err == ETIMEDOUT;
    return leg.feed(in::Lost{.timed_out = timed_out,
                             .sentence = timed_out ? "the other side did not answer our INVITE"
                                                   : "our INVITE was lost: " + error_text(err)});
  }
  if (message->scode < 200) return leg.feed(in::Provisional{.code = message->scode});
  if (message->scode < 300) return leg.on_final_answer(*message);
  leg.feed(in::Rejected{.code = message->scode, .phrase = std::string(text(message->reason))});
}

void Leg::on_final_answer(const sip_msg& answer) {
  invite_cseq_ = answer.cseq.num;
  if (const int err = sip_dialog_fork(dialog_.out(), half_.get(), &answer))
    return feed(
        in::Lost{.sentence = "the answer to our INVITE makes no dialog: " + error_text(err)});
  feed(in::Accepted{.sdp = body_of(answer)});
}

bool Leg::on_stray_answer(const sip_msg& answer) {
  if (!half_ || !sip_dialog_cmp_half(half_.get(), &answer)) return false;
  if (sip_dialog_cmp(dialog_.get(), &answer)) {
    feed(in::Accepted{.sdp = body_of(answer)});
    return true;
  }
  Re<sip_dialog> other;  // of a forked call only the first answer counts
  if (sip_dialog_fork(other.out(), half_.get(), &answer)) return true;
  constexpr auto empty = "Content-Length: 0\r\n\r\n";
  (void)sip_drequestf(nullptr, sip(), false, "ACK", other.get(), answer.cseq.num, nullptr, nullptr,
                      nullptr, nullptr, empty);
  (void)sip_drequestf(nullptr, sip(), true, "BYE", other.get(), 0, nullptr, nullptr, nullptr,
                      nullptr, empty);
  return true;
}

void Leg::on_bye_response(int err, const sip_msg* message, void* self) {
  if (!err && message && message->scode < 200) return;
  static_cast<Leg*>(self)->feed(in::ByeDone{});
}

// --- what goes out

int Leg::send_final(const sip_msg& invite, sip_strans** transaction, const std::string& sdp) {
  our_sdp_ = sdp;
  answer_.reset();
  pl ignored{};
  const bool rport = msg_param_exists(&invite.via.params, "rport", &ignored) == 0;
  sip_reply_addr(&answer_to_, &invite, rport);
  return sip_treplyf(transaction, answer_.out(), sip(), &invite, true, 200, "OK",
                     "Contact: <%s>\r\nAllow: %s\r\nContent-Type: application/sdp\r\n"
                     "Content-Length: %zu\r\n\r\n%b",
                     contact_.c_str(), allowed_methods, sdp.size(), sdp.data(), sdp.size());
}

void Leg::perform(const out::Reply& reply) {
  const auto phrase = one_line(reply.phrase);
  int err = 0;
  if (reply.code == 200) {
    err = send_final(*invite_.get(), transaction_.out(), reply.sdp);
  } else if (reply.code == 100) {
    err = sip_treply(transaction_.out(), sip(), invite_.get(), 100, phrase.c_str());
  } else if (reply.code < 200) {
    err = sip_treplyf(transaction_.out(), nullptr, sip(), invite_.get(), true,
                      std::uint16_t(reply.code), phrase.c_str(),
                      "Contact: <%s>\r\nContent-Length: 0\r\n\r\n", contact_.c_str());
  } else {
    const auto retry = reply.retry_after_s > 0
                           ? fmt::format("Retry-After: {}\r\n", reply.retry_after_s)
                           : std::string();
    err = sip_treplyf(transaction_.out(), nullptr, sip(), invite_.get(), false,
                      std::uint16_t(reply.code), phrase.c_str(), "%sContent-Length: 0\r\n\r\n",
                      retry.c_str());
  }
  if (err) queue(in::Lost{.sentence = "our answer could not be sent: " + error_text(err)});
}

void Leg::perform(const out::ResendAnswer&) {
  if (answer_) (void)sip_send(sip(), nullptr, SIP_TRANSP_UDP, &answer_to_, answer_.get());
}

void Leg::perform(const out::Reanswer& reply) {
  invite_cseq_ = reinvite_.get()->cseq.num;
  if (const int err = send_final(*reinvite_.get(), nullptr, reply.sdp))
    log::debug("sip", "", "a re-INVITE could not be answered: {}", error_text(err));
}

void Leg::perform(const out::RefuseReinvite& refusal) {
  const auto retry =
      refusal.code == 500 ? fmt::format("Retry-After: {}\r\n", reinvite_retry_s) : std::string();
  const auto invite = std::move(untaken_ ? untaken_ : reinvite_);
  (void)sip_treplyf(nullptr, nullptr, sip(), invite.get(), false, std::uint16_t(refusal.code),
                    one_line(refusal.phrase).c_str(), "%sContent-Length: 0\r\n\r\n", retry.c_str());
}

void Leg::perform(const out::SendInvite&) {
  const int err = sip_drequestf(request_.out(), sip(), true, "INVITE", half_.get(), 0, nullptr,
                                nullptr, on_invite_response, this,
                                "Contact: <%s>\r\nAllow: %s\r\nContent-Type: "
                                "application/sdp\r\nContent-Length: %zu\r\n\r\n%b",
                                contact_.c_str(), allowed_methods, our_sdp_.size(), our_sdp_.data(),
                                our_sdp_.size());
  if (err) queue(in::Lost{.sentence = "the INVITE could not be sent: " + error_text(err)});
}

void Leg::perform(const out::SendAck&) {
  if (const int err =
          sip_drequestf(nullptr, sip(), false, "ACK", dialog_.get(), invite_cseq_, nullptr, nullptr,
                        nullptr, nullptr, "Content-Length: 0\r\n\r\n"))
    log::warn("sip", "", "an ACK could not be sent: {}", error_text(err));
}

void Leg::perform(const out::SendBye&) {
  if (const int err = sip_drequestf(request_.out(), sip(), true, "BYE", dialog_.get(), 0, nullptr,
                                    nullptr, on_bye_response, this, "Content-Length: 0\r\n\r\n")) {
    log::warn("sip", "", "a BYE could not be sent: {}", error_text(err));
    queue(in::ByeDone{});
  }
}

void Leg::perform(const out::SendCancel&) { sip_request_cancel(request_.get()); }

void Leg::perform(const out::Start& start) {
  auto& timer = timers_[std::size_t(start.timer)];
  owner_.stack.stop_timer(timer);
  timer = owner_.stack.start_timer(start.delay, timer_key(id_, start.timer));
}

void Leg::perform(const out::Stop& stop) {
  owner_.stack.stop_timer(std::exchange(timers_[std::size_t(stop.timer)], 0));
}

void Leg::perform(const out::Tell& tell) { owner_.tell(tell.notice); }

}  // namespace parley::sip
