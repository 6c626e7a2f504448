#include "engine/call/calls.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"
#include "plugins/rtp/dtmf_sender.hpp"

namespace parley {
namespace {

constexpr int retry_after_s = 5;
constexpr std::size_t longest_text = 2000;  // of call.say, in bytes

// "sip:bob@10.0.0.1:5070;x=y" -> "10.0.0.1"
std::string host_of(const std::string& uri) {
  auto start = uri.find(':');
  start = start == std::string::npos ? 0 : start + 1;
  if (const auto at = uri.find('@', start); at != std::string::npos) start = at + 1;
  return uri.substr(start, uri.find_first_of(":;>?", start) - start);
}

sip::SessionId session_of(const sip::Notice& notice) {
  return std::visit([](const auto& n) { return n.session; }, notice);
}

}  // namespace

Calls::Calls(CallsOptions options, CallHost host, std::vector<LoopRef> loops)
    : options_(std::move(options)),
      host_(std::move(host)),
      loops_(std::move(loops)),
      ids_(Ids(options_.seed ? options_.seed : Ids::random_seed())) {
  PARLEY_ASSERT(!loops_.empty());
  registry_.with([this](Registry& r) { r.live_on.resize(loops_.size()); });
  host_.gone = [this](const std::string& call) { gone(call); };
}

void Calls::on_notice(const sip::Notice& notice) {
  if (const auto* in = std::get_if<sip::Invite>(&notice)) return invite(*in);
  const auto entry = registry_.with([&](Registry& r) {
    const auto session = r.sessions.find(session_of(notice));
    return session == r.sessions.end() ? Entry{} : r.calls[session->second];
  });
  if (!entry.call) return;  // it has ended; the rest of its SIP says nothing new
  if (!entry.loop->post([call = entry.call, notice] { call->notice(notice); }))
    log::error("calls", entry.call->id(), "the media loop's mailbox is full; a SIP notice is lost");
}

void Calls::invite(const sip::Invite& invite) {
  const auto full = why_full();
  const auto entry = make(options_.default_agent, invite.session);
  const bool posted = entry.loop->post([call = entry.call, invite, full] {
    if (!full.empty()) return call->refused(invite, 503, full, retry_after_s);
    call->invited(invite);
  });
  if (posted) return;
  host_.sip->refuse(invite.session, 503, "Service Unavailable", retry_after_s);
  gone(entry.call->id());
}

Result<std::shared_ptr<media_stream::Port>> Calls::stream(const media_stream::Offer& offer) {
  const bool full = live() >= options_.max_calls;
  const auto entry = make(offer.agent.empty() ? options_.default_agent : offer.agent, 0);
  const auto port = std::make_shared<media_stream::Port>(entry.loop, offer.wire, *offer.dialect,
                                                         offer.started, offer.local, offer.far);
  const bool posted = entry.loop->post([call = entry.call, offer, port, full] {
    std::optional<SetupError> refusal;
    if (full) refusal = SetupError{503, "as many calls as [sip] max_calls allows"};
    call->streamed(offer, port, refusal);
  });
  if (posted) return port;
  gone(entry.call->id());
  return Error{"the media loop is overloaded"};
}

LoopChoice Calls::choose(const Registry& registry) const {
  std::vector<LoopLoad> loads;
  for (std::size_t i = 0; i < loops_.size(); ++i)
    loads.push_back({.late = loops_[i]->recent_lateness(), .calls = registry.live_on[i]});
  return choose_loop(loads, options_.max_lateness);
}

std::string Calls::why_full() const {
  return registry_.with([this](const Registry& r) -> std::string {
    if (r.calls.size() >= options_.max_calls) return "as many calls as [sip] max_calls allows";
    const auto choice = choose(r);
    if (choice.on_time) return {};
    return fmt::format("the media grid is late by {} ms, more than [call] max_lateness allows",
                       to_ms(loops_[choice.index]->recent_lateness()));
  });
}

Calls::Entry Calls::make(const std::string& agent, sip::SessionId session) {
  return registry_.with([&](Registry& r) {
    Entry entry;
    entry.loop_index = choose(r).index;
    entry.loop = loops_[entry.loop_index];
    ++r.live_on[entry.loop_index];
    entry.session = session;
    const auto id = ids_.with([&](Ids& ids) { return ids.next(entry.loop->utc_us()); });
    entry.call = std::make_shared<Call>(host_, entry.loop, id, agent);
    r.calls.emplace(id, entry);
    if (session) r.sessions.emplace(session, id);
    return entry;
  });
}

bool Calls::may_dial(const std::string& to) const {
  return std::ranges::find(options_.dial_hosts, host_of(to)) != options_.dial_hosts.end();
}

Result<std::string> Calls::dial(const std::string& to, const std::string& agent) {
  if (!to.starts_with("sip:"))
    return Error{fmt::format("'{}' is no SIP URI like sip:user@host", to)};
  if (!may_dial(to)) return Error{fmt::format("{} is not in [sip] dial_hosts", host_of(to))};
  if (auto full = why_full(); !full.empty()) return Error{std::move(full)};
  const auto name = agent.empty() ? options_.default_agent : agent;
  if (const auto found = host_.find_agent(name); !found) return Error{found.error()};
  const auto entry = make(name, 0);
  const auto& id = entry.call->id();
  const bool posted = entry.loop->post([this, call = entry.call, to] {
    // The registry is held so that no notice of the new session arrives before it is known.
    registry_.with([&](Registry& r) {
      call->dial(to, [&](sip::SessionId session) {
        if (session == 0) return;
        r.sessions.emplace(session, call->id());
        r.calls[call->id()].session = session;
      });
    });
  });
  if (!posted) {
    gone(id);
    return Error{"the media loop is overloaded"};
  }
  return id;
}

Result<Calls::Entry> Calls::find(const std::string& call) const {
  auto entry = registry_.with([&](const Registry& r) {
    const auto found = r.calls.find(call);
    return found == r.calls.end() ? Entry{} : found->second;
  });
  if (!entry.call) return Error{fmt::format("there is no live call {}", call)};
  return entry;
}

Status Calls::on_its_loop(const std::string& call, std::function<void(Call&)> task) {
  const auto entry = find(call);
  if (!entry) return Error{entry.error()};
  if (!entry->loop->post([call = entry->call, task = std::move(task)] { task(*call); }))
    return Error{"the media loop is overloaded"};
  return ok();
}

Status Calls::say(const std::string& call, const std::string& text) {
  if (text.empty()) return Error{"there is no text to say"};
  if (text.size() > longest_text)
    return Error{fmt::format("the text is longer than {} bytes", longest_text)};
  return on_its_loop(call, [text](Call& c) {
    if (const auto said = c.say(text); !said) log::warn("calls", c.id(), "say: {}", said.error());
  });
}

Status Calls::press(const std::string& call, const std::string& keys) {
  if (keys.empty() || keys.size() > rtp::DtmfSender::most_keys ||
      keys.find_first_not_of("0123456789*#ABCD") != keys.npos)
    return Error{"keys are of 0-9 * # A-D, 64 at most"};
  return on_its_loop(call, [keys](Call& c) {
    if (const auto pressed = c.press(keys); !pressed)
      log::warn("calls", c.id(), "keys were not sent: {}", pressed.error());
  });
}

Status Calls::hang_up(const std::string& call) {
  return on_its_loop(call, [](Call& c) { c.end(EndReason::operator_hangup); });
}

Status Calls::hold(const std::string& call, bool on) {
  return on_its_loop(call, [on](Call& c) {
    if (const auto held = c.hold(on); !held) log::warn("calls", c.id(), "hold: {}", held.error());
  });
}

Status Calls::pause_recording(const std::string& call, bool paused) {
  if (host_.settings.recordings.empty())
    return Error{"calls are not recorded: [recording] path is not set"};
  return on_its_loop(call, [paused](Call& c) { c.pause_recording(paused); });
}

void Calls::end_all(EndReason reason) {
  const auto entries = registry_.with([](const Registry& r) {
    std::vector<Entry> all;
    for (const auto& [id, entry] : r.calls) all.push_back(entry);
    return all;
  });
  for (const auto& entry : entries)
    if (!entry.loop->post([call = entry.call, reason] { call->end(reason); }))
      log::error("calls", entry.call->id(),
                 "the media loop's mailbox is full; the call is not ended");
}

std::size_t Calls::live() const {
  return registry_.with([](const Registry& r) { return r.calls.size(); });
}

void Calls::gone(const std::string& call) {
  // Freed outside the lock.
  const auto last = registry_.with([&](Registry& r) {
    const auto found = r.calls.find(call);
    if (found == r.calls.end()) return Entry{};
    auto entry = found->second;
    r.sessions.erase(entry.session);
    --r.live_on[entry.loop_index];
    r.calls.erase(found);
    return entry;
  });
}

}  // namespace parley
