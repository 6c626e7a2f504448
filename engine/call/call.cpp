#include "engine/call/call.hpp"

#include <fmt/core.h>

#include <array>

#include "engine/base/log.hpp"

namespace parley {
namespace {

EndReason reason_of(const sip::Ended& ended) {
  switch (ended.why) {
    case sip::Why::remote_bye:
      return EndReason::caller_hangup;
    case sip::Why::local_bye:
      return EndReason::agent_hangup;
    case sip::Why::cancelled:
      return EndReason::cancelled;
    case sip::Why::rejected:
      return EndReason::rejected;
    case sip::Why::busy:
      return EndReason::busy;
    case sip::Why::no_answer:
      return EndReason::no_answer;
    case sip::Why::timeout:
    case sip::Why::failed:
      return EndReason::failed;
  }
  return EndReason::failed;
}

}  // namespace

Call::Call(const CallHost& host, LoopRef loop, std::string id, std::string agent)
    : host_(host),
      loop_(std::move(loop)),
      id_(std::move(id)),
      agent_name_(std::move(agent)),
      events_(*host.hub, *loop_, id_),
      media_(std::make_shared<CallMedia>()) {}

void Call::invited(const sip::Invite& invite) {
  session_ = invite.session;
  signalled_ = true;
  created(invite);
  const bool offered = !invite.sdp.empty();
  sip::Answer answer;
  const std::array steps = {
      SetupStep{"agent", [this] { find_agent(); }},
      SetupStep{"ports", [this] { open_port(); }, [this] { close_port(); }},
      SetupStep{"offer",
                [&] {
                  describe(session_);
                  if (!offered) return;
                  auto agreed = sip::answer_offer(invite.sdp, description_);
                  if (!agreed) throw SetupError{488, agreed.error()};
                  answer = *std::move(agreed);
                  agree(answer.agreement);
                }},
      SetupStep{"pipeline",
                [&] {
                  if (offered) make_pipeline();
                },
                [this] { pipeline_.reset(); }},
  };
  try {
    run_steps(steps);
  } catch (const SetupError& e) {
    log::warn("call", id_, "refused with {}: {}", e.code, e.what);
    host_.sip->refuse(session_, e.code, e.code == 488 ? "Not Acceptable Here" : "Not Available");
    signalled_ = false;
    end(EndReason::refused, e.code, e.what);
    return;
  }
  host_.sip->answer(session_, offered ? answer.sdp : sip::write_offer(description_));
  if (!offered) return;  // the ACK brings the answer (RFC 3261, 13.2.1)
  answered(answer.agreement);
  patience_ =
      loop_->after(host_.settings.answer_patience, [me = shared_from_this()] { me->play(); });
}

void Call::created(const sip::Invite& invite) {
  events_.emit("call.created", {{"direction", "inbound"},
                                {"from", invite.from},
                                {"to", invite.to},
                                {"agent", agent_name_},
                                {"external_id", invite.call_id},
                                {"transport", "sip"},
                                {"parameters", "{}"}});
}

void Call::refused(const sip::Invite& invite, int code, const std::string& why, int retry_after_s) {
  created(invite);
  host_.sip->refuse(invite.session, code, "Service Unavailable", retry_after_s);
  end(EndReason::refused, code, why);
}

void Call::streamed(const media_stream::Offer& offer, std::shared_ptr<media_stream::Port> port,
                    const std::optional<SetupError>& refusal) {
  stream_ = std::move(port);
  const auto& start = offer.started.start;
  events_.emit("call.created", {{"direction", "inbound"},
                                {"from", start.from},
                                {"to", start.to},
                                {"agent", agent_name_},
                                {"external_id", start.call},
                                {"transport", offer.dialect->name},
                                {"parameters", nlohmann::json(start.parameters).dump()}});
  const std::array steps = {
      SetupStep{"admission",
                [&] {
                  if (refusal) throw *refusal;
                }},
      SetupStep{"agent", [this] { find_agent(); }},
      SetupStep{"stream", [&] { use_stream(offer); }},
      SetupStep{"pipeline", [this] { make_pipeline(); }, [this] { pipeline_.reset(); }},
  };
  try {
    run_steps(steps);
  } catch (const SetupError& e) {
    log::warn("call", id_, "refused with {}: {}", e.code, e.what);
    return end(EndReason::refused, e.code, e.what);
  }
  answered(agreement_);
  play();
}

void Call::use_stream(const media_stream::Offer& offer) {
  media_->port = stream_;
  media_->buffering = stream_;
  media_->remote = offer.far;
  local_ = offer.local;
  const auto& codec = stream_->codec();
  agreement_.send = {{.type = codec.usual_type,
                      .name = std::string(codec.name),
                      .rate = int(codec.clock_rate),
                      .channels = codec.channels}};
  agreement_.receive = agreement_.send;
  stream_->attach(media_, [me = weak_from_this()](const media_stream::Over& over) {
    const auto call = me.lock();
    if (!call) return;
    call->end(over.stopped ? EndReason::caller_hangup : EndReason::failed, 0, over.detail);
  });
}

void Call::dial(const std::string& to, const std::function<void(sip::SessionId)>& known) {
  events_.emit("call.created", {{"direction", "outbound"},
                                {"from", ""},
                                {"to", to},
                                {"agent", agent_name_},
                                {"external_id", ""},
                                {"transport", "sip"},
                                {"parameters", "{}"}});
  const std::array steps = {
      SetupStep{"agent", [this] { find_agent(); }},
      SetupStep{"ports", [this] { open_port(); }, [this] { close_port(); }},
  };
  try {
    run_steps(steps);
  } catch (const SetupError& e) {
    known(0);
    end(EndReason::failed, e.code, e.what);
    return;
  }
  signalled_ = true;
  describe(std::uint64_t(loop_->utc_us()));
  session_ = host_.sip->dial({.to = to, .sdp = sip::write_offer(description_)});
  known(session_);
  if (session_ == 0) {
    signalled_ = false;
    end(EndReason::failed, 503, "the SIP thread is overloaded");
  }
}

void Call::notice(const sip::Notice& notice) {
  std::visit([this](const auto& n) { on(n); }, notice);
}

void Call::on(const sip::Ringing& ringing) {
  if (state_ == CallState::ringing) events_.emit("call.ringing", {{"code", ringing.code}});
}

void Call::on(const sip::Accepted& accepted) { take_answer(accepted.sdp); }

// The 200 or the ACK has answered the offer that began the call.
void Call::take_answer(const std::string& sdp) {
  if (state_ != CallState::ringing) return;
  const auto agreement = sip::accept_answer(sdp, description_);
  if (!agreement) return end(EndReason::failed, 488, agreement.error());
  try {
    agree(*agreement);
    make_pipeline();
  } catch (const SetupError& e) {
    return end(EndReason::failed, e.code, e.what);
  }
  answered(*agreement);
  play();
}

void Call::on(const sip::Confirmed& confirmed) {
  if (state_ == CallState::ringing) return take_answer(confirmed.sdp);
  if (std::exchange(reoffered_, false) && !confirmed.sdp.empty()) {
    const auto agreement = sip::accept_answer(confirmed.sdp, description_);
    const auto changed = agreement ? change(*agreement) : Status(Error{agreement.error()});
    if (!changed) return end(EndReason::failed, 488, changed.error());
  }
  play();
}

// Another description in a call that is up: hold, another codec, another address, SRTP or plain
// RTP. One that is refused changes nothing.
void Call::on(const sip::Reoffer& again) {
  if (state_ != CallState::live) return;
  ++description_.version;
  // No key is used for two spans of SRTP: each would count its packets from the start.
  if (!agreement_.keys && host_.settings.security != sip::Security::off)
    description_.crypto = sip::make_crypto_offer();
  if (again.sdp.empty()) {
    reoffered_ = true;
    description_.security = offered_security();
    return host_.sip->answer(session_, sip::write_offer(description_));
  }
  description_.security = host_.settings.security;
  const auto answer = sip::answer_offer(again.sdp, description_);
  const auto changed = answer ? change(answer->agreement) : Status(Error{answer.error()});
  if (!changed) {
    log::warn("call", id_, "a re-INVITE is refused: {}", changed.error());
    return host_.sip->refuse(session_, 488, "Not Acceptable Here");
  }
  host_.sip->answer(session_, answer->sdp);
}

void Call::on(const sip::Key& key) {
  if (media_->on_key) media_->on_key(key.press);
}

void Call::on(const sip::Ended& ended) {
  signalled_ = false;
  end(reason_of(ended), ended.code, ended.detail);
}

void Call::find_agent() {
  auto found = host_.find_agent(agent_name_);
  if (!found) throw SetupError{500, found.error()};
  agent_ = *std::move(found);
}

void Call::open_port() {
  auto ports = host_.open_port(loop_);
  if (!ports) throw SetupError{503, ports.error()};
  media_->port = std::move(ports->rtp);
  media_->rtcp_port = std::move(ports->rtcp);
  local_ = media_->port->local();
}

void Call::close_port() {
  if (!media_->port) return;
  media_->port->receive({});
  media_->port.reset();
  close_rtcp_port();
  if (!stream_) host_.close_port(local_);
}

void Call::close_rtcp_port() {
  if (media_->rtcp_port) media_->rtcp_port->receive({});
  media_->rtcp_port.reset();
  secure_rtcp_.reset();
}

void Call::describe(std::uint64_t session) {
  description_ = {.media = {host_of(local_), local_.port},
                  .session = session,
                  .codecs = host_.settings.codecs,
                  .security = host_.settings.security};
  if (description_.security != sip::Security::off) description_.crypto = sip::make_crypto_offer();
}

void Call::agree(const sip::Agreement& agreement) {
  const auto remote = parse_address(agreement.remote.host, std::uint16_t(agreement.remote.port));
  if (!remote) throw SetupError{488, remote.error()};
  const bool moved = agreement.remote != agreement_.remote;
  secure(agreement);
  media_->rtcp_mux = agreement.rtcp_mux;
  if (agreement.rtcp_mux) close_rtcp_port();
  media_->rtcp_remote = {.ip = remote->ip, .port = std::uint16_t(agreement.rtcp_port)};
  agreement_ = agreement;
  // The same address again says nothing new: the latch may know better.
  if (moved) media_->remote = *remote;
}

// SRTP or plain RTP, and with which keys: as was agreed on last. An error changes nothing.
void Call::secure(const sip::Agreement& agreement) {
  if (!agreement.keys) {
    if (secure_rtp_) secure_rtp_->use({});
    if (secure_rtcp_) secure_rtcp_->use({});
    return;
  }
  const auto& keys = *agreement.keys;
  if (srtp_) {
    if (const auto changed = srtp_->use_keys(keys.ours, keys.theirs); !changed)
      throw SetupError{488, changed.error()};
  } else {
    auto made = Srtp::make(keys.ours, keys.theirs);
    if (!made) throw SetupError{488, made.error()};
    srtp_ = *std::move(made);
  }
  if (!secure_rtp_) wrap_ports();
  secure_rtp_->use(srtp_);
  if (secure_rtcp_) secure_rtcp_->use(srtp_);
}

// A call that has been plain all along has nothing around its ports. Of a new one no plain packet
// is taken, not even the first.
void Call::wrap_ports() {
  const auto now = state_ == CallState::live ? nullptr : srtp_;
  media_->port = secure_rtp_ = make_secure_port(media_->port, now);
  if (media_->rtcp_port)
    media_->rtcp_port = secure_rtcp_ = make_secure_port(media_->rtcp_port, now);
  if (media_->on_ports) media_->on_ports();
}

// A call that is SRTP is not offered to become plain; the other side may offer that.
sip::Security Call::offered_security() const {
  const auto policy = host_.settings.security;
  return policy != sip::Security::off && agreement_.keys ? sip::Security::required : policy;
}

std::string Call::suite() const {
  return agreement_.keys ? std::string(info(agreement_.keys->ours.suite()).name) : std::string();
}

// The running pipeline follows at its next packet.
Status Call::change(const sip::Agreement& agreement) {
  const auto before = agreement_.codec(), suite_before = suite();
  try {
    agree(agreement);
  } catch (const SetupError& e) {
    return Error{e.what};
  }
  pipeline_->set("ingress", "payload-map", payload_map(agreement.receive));
  pipeline_->set("egress", "payload-map", payload_map(agreement.send));
  pipeline_->set("egress", "ptime", std::to_string(agreement.ptime));
  if (agreement.codec() != before)
    events_.emit("call.codec", {{"codec", agreement.codec()}, {"before", before}});
  if (suite() != suite_before)
    events_.emit("call.srtp", {{"srtp", suite()}, {"before", suite_before}});
  held(agreement.held());
  return ok();
}

void Call::held(bool by_caller) {
  if (std::exchange(held_, by_caller) == by_caller) return;
  pipeline_->set("ingress", "held", by_caller ? "true" : "false");
  pipeline_->set("egress", "held", by_caller ? "true" : "false");
  events_.emit(by_caller ? "call.held" : "call.resumed", {{"by", "caller"}});
}

void Call::make_pipeline() {
  auto holes = host_.settings.holes;
  holes["AGENT"] = agent_.path;
  holes["VOICE"] = agent_.voice;
  holes["PAYLOADS_IN"] = payload_map(agreement_.receive);
  holes["PAYLOADS_OUT"] = payload_map(agreement_.send);
  holes["PTIME"] = std::to_string(agreement_.ptime);
  holes["TIMEOUT_MS"] = std::to_string(to_ms(host_.settings.media_timeout));
  const auto& s = host_.settings;
  holes["RECORDING"] = fmt::format("{}/{}.{}", s.recordings, id_, s.recording_format);
  holes["RECORDING_FORMAT"] = s.recording_format;
  const auto line = fill_launch_line(
      s.recordings.empty() ? without_hole(s.launch, "RECORDING") : s.launch, holes);
  if (!line) throw SetupError{500, line.error()};
  // The pipeline is this call's own: it is stopped before the call goes.
  auto made =
      Pipeline::make(*line, loop_, media_,
                     {.told = [this](const std::string& kind,
                                     nlohmann::json body) { told(kind, std::move(body)); },
                      .failed =
                          [this](const std::string& element, const std::string& detail) {
                            failure_ = detail;
                            events_.emit("error", {{"element", element}, {"detail", detail}});
                            soon([this, detail] { end(EndReason::failed, 0, detail); });
                          }});
  if (!made) throw SetupError{500, made.error()};
  pipeline_ = *std::move(made);
  if (const auto ready = pipeline_->prepare(); !ready)
    throw SetupError{500, failure_.empty() ? ready.error() : failure_};
}

void Call::answered(const sip::Agreement& agreement) {
  state_ = next_state(state_, CallStep::answered).state;
  events_.emit("call.answered", {{"codec", agreement.codec()},
                                 {"srtp", suite()},
                                 {"local", to_string(local_)},
                                 {"remote", to_string(media_->remote)}});
  log::info("call", id_, "answered, {} with {}", agreement.codec(), to_string(media_->remote));
  longest_ = loop_->after(host_.settings.max_duration, [me = shared_from_this()] {
    me->end(EndReason::max_duration, 0, "the longest time a call may take is over");
  });
  held(agreement.held());
}

void Call::play() {
  if (playing_ || !pipeline_ || state_ != CallState::live) return;
  playing_ = true;
  loop_->cancel(patience_);
  if (const auto played = pipeline_->play(); !played) end(EndReason::failed, 0, played.error());
}

// On the bus, inside a push: what changes the call's state waits for the next dispatch.
void Call::told(const std::string& kind, nlohmann::json body) {
  if (kind == "hangup") {
    soon([this, reason = hangup_reason(body.value("reason", ""))] { end(reason); });
  } else if (kind == "media.timeout") {
    const auto detail = body.value("detail", "no RTP came for too long");
    soon([this, detail] { end(EndReason::media_timeout, 0, detail); });
  } else if (kind.find('.') != std::string::npos || kind == "error") {
    events_.emit(kind, std::move(body));
  }
}

void Call::soon(std::function<void()> task) {
  loop_->after({}, [me = shared_from_this(), task = std::move(task)] { task(); });
}

Status Call::say(const std::string& text) {
  if (!playing_) return Error{"the call is not live"};
  pipeline_->signal("turn", "say", text);
  return ok();
}

Status Call::press(const std::string& keys) {
  if (!playing_ || !media_->press_keys) return Error{"the call is not live"};
  if (!media_->press_keys(keys))
    return Error{"the far end takes no keys, or these are not of 0-9 * # A-D, 64 at most"};
  events_.emit("dtmf.sent", {{"digits", keys}});
  return ok();
}

Status Call::hold(bool on) {
  if (!playing_ || state_ != CallState::live) return Error{"the call is not live"};
  if (holding_ != on) hold(on, "operator");
  return ok();
}

void Call::hold(bool on, const char* by) {
  holding_ = on;
  loop_->cancel(std::exchange(longest_hold_, 0));
  if (on)
    longest_hold_ = loop_->after(host_.settings.max_hold, [me = shared_from_this()] {
      me->longest_hold_ = 0;
      me->hold(false, "limit");
    });
  pipeline_->set("egress", "hold-music", on ? "true" : "false");
  pipeline_->set("ingress", "holding", on ? "true" : "false");
  events_.emit(on ? "call.held" : "call.resumed", {{"by", by}});
}

void Call::pause_recording(bool paused) {
  if (pipeline_) pipeline_->set("record", "paused", paused ? "true" : "false");
}

void Call::end(EndReason reason, int code, const std::string& detail) {
  const auto step = next_state(state_, CallStep::ended);
  if (!step.allowed) return;
  state_ = step.state;
  for (const auto timer : {longest_, longest_hold_, patience_}) loop_->cancel(timer);
  if (signalled_) host_.sip->hang_up(session_);
  // Its own dispatch: end() may run inside a timer or a push of this very pipeline.
  soon([this, reason, code, detail] { finish(reason, code, detail); });
}

void Call::finish(EndReason reason, int code, const std::string& detail) {
  if (pipeline_) pipeline_->stop(*host_.workers);
  close_port();
  media_->buffering.reset();
  if (stream_)
    stream_->close(code >= 500 ? 1013 : 1000, detail.empty() ? std::string(name(reason)) : detail);
  events_.emit("call.ended", {{"reason", name(reason)}, {"code", code}, {"detail", detail}});
  log::info("call", id_, "ended: {}{}{}", name(reason), detail.empty() ? "" : ", ", detail);
  host_.gone(id_);
}

}  // namespace parley
