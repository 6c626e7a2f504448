#include "tests/support/virtual_engine.hpp"

#include <fmt/core.h>

#include <fstream>
#include <sstream>

#include "engine/base/assert.hpp"
#include "engine/call/agents.hpp"
#include "engine/call/codecs.hpp"
#include "engine/sip/sdp.hpp"
#include "plugins/gstpp/default_loop.hpp"
#include "tests/support/lossy_port.hpp"

namespace parley::test {
namespace {

std::string source_path(const std::string& path) {
  return std::string(PARLEY_SOURCE_ROOT) + "/" + path;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  PARLEY_ASSERT(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

void FakeSip::hang_up(sip::SessionId session) {
  if (std::exchange(sessions[session].hung_up, true)) return;
  on_notice(sip::Ended{.session = session, .why = sip::Why::local_bye});
}

sip::SessionId FakeSip::dial(const sip::Dial& dial) {
  dialled.push_back(dial);
  return ++last_session;
}

VirtualEngine::VirtualEngine(Options options) : loss_percent_(options.loss_percent) {
  subscription_ = hub_.subscribe([this](const EventPtr& e) { events_.push_back(e); });
  CallHost host;
  host.hub = &hub_;
  host.sip = &sip_;
  host.workers = &gst::default_workers();
  host.settings.launch =
      options.launch.empty() ? read_file(source_path("pipelines/call.launch")) : options.launch;
  host.settings.holes = {{"STT", "scripted"}, {"TTS", "scripted"}, {"LLM_URL", ""},
                         {"LLM_MODEL", ""},   {"LLM_KEY_ENV", ""}, {"DTX", "false"}};
  for (const auto& [name, value] : options.holes) host.settings.holes[name] = value;
  const auto codecs = codec_list(options.codecs);
  PARLEY_ASSERT(codecs);
  host.settings.codecs = *codecs;
  host.settings.security = options.security;
  host.settings.recordings = options.recordings;
  host.settings.media_timeout = options.media_timeout;
  host.settings.max_duration = options.max_duration;
  host.settings.max_hold = options.max_hold;
  host.open_port = [this, open = options.open_port](const LoopRef& loop) -> Result<PortPair> {
    const auto port = next_port_;
    next_port_ = std::uint16_t(next_port_ + 2);
    if (open) return PortPair{.rtp = open({0x0a000001, port}), .rtcp = {}};
    auto [near, far] = make_wire(loop, {0x0a000001, port}, {0x0a000002, port});
    last_far_end_ = far;
    // RTCP goes with RTP.
    if (loss_percent_ == 0) return PortPair{.rtp = near, .rtcp = {}};
    return PortPair{.rtp = std::make_shared<LossyPort>(near, loss_percent_, port), .rtcp = {}};
  };
  host.close_port = [](const Address&) {};
  const auto agents = std::make_shared<Agents>(source_path("pipelines/agents"));
  host.find_agent = [agents](const std::string& name) { return agents->find(name); };
  calls_ =
      std::make_unique<Calls>(CallsOptions{.max_calls = options.max_calls, .seed = options.seed},
                              std::move(host), std::vector<LoopRef>{loop_});
  sip_.on_notice = [this](const sip::Notice& n) { calls_->on_notice(n); };
}

VirtualEngine::~VirtualEngine() {
  {
    Gate gate(*loop_);
    calls_->end_all(EndReason::shutdown);
  }
  advance(1s);
  PARLEY_ASSERT(calls_->live() == 0);
}

Leg VirtualEngine::invite(const std::string& user, const std::string& codec) {
  const auto codecs = codec_list({codec});
  PARLEY_ASSERT(codecs);
  sip::Local caller{.codecs = *codecs};
  return invite_as(caller, user);
}

Leg VirtualEngine::invite_as(sip::Local& caller, const std::string& user, bool offers) {
  Leg leg;
  leg.session = ++sip_.last_session;
  last_far_end_.reset();
  caller.media = {"10.0.0.2", next_port_};
  caller.session = leg.session;
  {
    Gate gate(*loop_);
    sip_.on_notice(sip::Invite{.session = leg.session,
                               .call_id = fmt::format("call-{}@10.0.0.2", leg.session),
                               .from = "sip:caller@10.0.0.2",
                               .to = "sip:" + user + "@10.0.0.1",
                               .user = user,
                               .source = "10.0.0.2:5060",
                               .sdp = offers ? sip::write_offer(caller) : ""});
  }
  advance({});
  const auto& theirs = sip_.sessions[leg.session].answer;
  if (theirs.empty()) return leg;
  sip::Answer ours;
  if (offers) {
    const auto agreement = sip::accept_answer(theirs, caller);
    PARLEY_ASSERT(agreement);
    ours.agreement = *agreement;
  } else {
    const auto answer = sip::answer_offer(theirs, caller);
    PARLEY_ASSERT(answer);
    ours = *answer;
  }
  leg.port = leg.wire = last_far_end_;
  const auto& remote = ours.agreement.remote;
  leg.engine = *parse_address(remote.host, std::uint16_t(remote.port));
  {
    Gate gate(*loop_);
    sip_.on_notice(sip::Confirmed{.session = leg.session, .sdp = ours.sdp});
  }
  advance({});
  return leg;
}

std::string VirtualEngine::reinvite(const Leg& leg, const std::vector<std::string>& codecs,
                                    bool hold) {
  const auto list = codec_list(codecs);
  PARLEY_ASSERT(list);
  return reinvite_as(leg, {.version = 2, .codecs = *list}, hold);
}

std::string VirtualEngine::reinvite_as(const Leg& leg, sip::Local caller, bool hold) {
  caller.media = {"10.0.0.2", leg.engine.port};
  caller.session = leg.session;
  auto offer = sip::write_offer(caller);
  if (hold) offer.replace(offer.find("sendrecv"), 8, "sendonly");
  sip_.sessions[leg.session].answer.clear();
  {
    Gate gate(*loop_);
    sip_.on_notice(sip::Reoffer{.session = leg.session, .sdp = offer});
  }
  advance({});
  return sip_.sessions[leg.session].answer;
}

void VirtualEngine::info_key(const Leg& leg, char digit) {
  Gate gate(*loop_);
  sip_.on_notice(sip::Key{.session = leg.session, .press = {digit, 100}});
}

void VirtualEngine::bye(const Leg& leg) {
  {
    Gate gate(*loop_);
    sip_.sessions[leg.session].hung_up = true;
    sip_.on_notice(sip::Ended{.session = leg.session, .why = sip::Why::remote_bye});
  }
  advance({});
}

std::vector<EventPtr> VirtualEngine::events(const std::string& kind) const {
  std::vector<EventPtr> found;
  for (const auto& e : events_)
    if (e->kind == kind) found.push_back(e);
  return found;
}

std::string VirtualEngine::event_log() const {
  std::string log;
  for (const auto& e : events_) log += to_json(*e).dump() + "\n";
  return log;
}

void VirtualEngine::forget() {
  events_.clear();
  sip_.sessions.clear();
  sip_.dialled.clear();
}

}  // namespace parley::test
