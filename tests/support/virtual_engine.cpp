#include "tests/support/virtual_engine.hpp"

#include <fmt/core.h>

#include <fstream>
#include <sstream>

#include "engine/base/assert.hpp"
#include "engine/call/agents.hpp"
#include "engine/sip/sdp.hpp"
#include "plugins/gstpp/default_loop.hpp"

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

VirtualEngine::VirtualEngine(Options options) {
  subscription_ = hub_.subscribe([this](const EventPtr& e) { events_.push_back(e); });
  CallHost host;
  host.hub = &hub_;
  host.sip = &sip_;
  host.workers = &gst::default_workers();
  host.settings.launch =
      options.launch.empty() ? read_file(source_path("pipelines/call.launch")) : options.launch;
  host.settings.holes = {{"STT", "scripted"},
                         {"TTS", "scripted"},
                         {"LLM_URL", ""},
                         {"LLM_MODEL", ""},
                         {"LLM_KEY_ENV", ""}};
  for (const auto& [name, value] : options.holes) host.settings.holes[name] = value;
  host.settings.media_timeout = options.media_timeout;
  host.settings.max_duration = options.max_duration;
  host.open_port = [this](const LoopRef& loop) -> Result<std::shared_ptr<PacketPort>> {
    const auto port = next_port_;
    next_port_ = std::uint16_t(next_port_ + 2);
    auto [near, far] = make_wire(loop, {0x0a000001, port}, {0x0a000002, port});
    last_far_end_ = far;
    return near;
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
  Leg leg;
  leg.session = ++sip_.last_session;
  last_far_end_.reset();
  auto offer = sip::write_offer({"10.0.0.2", next_port_}, leg.session);
  if (codec == "PCMA")  // the other codec first
    if (const auto at = offer.find(" 0 8"); at != std::string::npos) offer.replace(at, 4, " 8 0");
  {
    Gate gate(*loop_);
    sip_.on_notice(sip::Invite{.session = leg.session,
                               .call_id = fmt::format("call-{}@10.0.0.2", leg.session),
                               .from = "sip:caller@10.0.0.2",
                               .to = "sip:" + user + "@10.0.0.1",
                               .user = user,
                               .source = "10.0.0.2:5060",
                               .sdp = offer});
  }
  advance({});
  if (sip_.sessions[leg.session].answer.empty()) return leg;
  const auto answer = sip::accept_answer(sip_.sessions[leg.session].answer);
  PARLEY_ASSERT(answer);
  leg.port = last_far_end_;
  leg.engine = *parse_address(answer->remote.host, std::uint16_t(answer->remote.port));
  {
    Gate gate(*loop_);
    sip_.on_notice(sip::Confirmed{.session = leg.session});
  }
  advance({});
  return leg;
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
