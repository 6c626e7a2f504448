// parleyd: starts everything in order, says when it is ready, drains when it is told to stop.
//
// Threads: main() waits for signals; see engine/README.md for the others.

#include <gst/gst.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/base/event_hub.hpp"
#include "engine/base/log.hpp"
#include "engine/base/real_loop.hpp"
#include "engine/call/agents.hpp"
#include "engine/call/calls.hpp"
#include "engine/call/ports.hpp"
#include "engine/call/retention.hpp"
#include "engine/config.hpp"
#include "engine/control/server.hpp"
#include "engine/gauges.hpp"
#include "engine/sip/endpoint.hpp"
#include "engine/store/store.hpp"
#include "engine/stream_gate.hpp"
#include "plugins/gstpp/default_loop.hpp"
#include "plugins/plugin.hpp"
#include "plugins/record/recorder.hpp"

namespace parley {
namespace {

constexpr auto drain_time = 30s;

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{fmt::format("{}: {}", path, std::strerror(errno))};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Everything that runs, in the order it starts; it stops in the opposite one.
class Engine {
 public:
  explicit Engine(const Config& config) : config_(config) {}

  Status start();
  void drain_and_stop(const std::function<bool(std::chrono::milliseconds)>& hurry);
  std::string sip_address() const { return sip_->address(); }
  std::string control_address() const { return control_->address(); }

 private:
  Status open_calls();
  Status open_streams();
  void clear_recordings();
  control::Backend backend();
  nlohmann::json health();

  const Config& config_;
  Gauges gauges_{usage_of_this_process()};
  EventHub hub_;
  std::unique_ptr<store::Store> store_;
  std::vector<std::shared_ptr<RealLoop>> loops_;
  std::unique_ptr<Agents> agents_;
  std::unique_ptr<Ports> ports_;
  std::unique_ptr<Calls> calls_;
  std::unique_ptr<sip::Endpoint> sip_;
  std::unique_ptr<StreamGate> streams_;
  std::unique_ptr<control::Server> control_;
};

Status Engine::start() {
  auto store = store::Store::open({.url = config_.store.url});
  if (!store) return Error{store.error()};
  store_ = *std::move(store);
  const unsigned loops = config_.media.loops ? unsigned(config_.media.loops)
                                             : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < loops; ++i) {
    loops_.push_back(RealLoop::make(fmt::format("parley-loop-{}", i)));
    loops_.back()->start(config_.media.realtime);
  }
  log::info("parleyd", "", "{} media loops, scheduling: {}", loops, loops_.front()->scheduling());
  if (store_->interrupted())
    log::warn("parleyd", "", "{} calls of the process before were closed as interrupted",
              store_->interrupted());
  if (auto opened = open_calls(); !opened) return opened;
  for (const auto& agent : agents_->files())
    if (const auto known =
            store_->remember_agent({agent.name, agent.path, agent.hash}, loops_.front()->utc_us());
        !known)
      return known;
  store_->follow(hub_, loops_.front());

  auto endpoint = sip::Endpoint::open({.listen = config_.sip.listen,
                                       // Calls refuses first, so that a refusal is a call too.
                                       .max_sessions = std::size_t(config_.sip.max_calls) * 2},
                                      [this](const sip::Notice& n) { calls_->on_notice(n); });
  if (!endpoint) return Error{endpoint.error()};
  sip_ = *std::move(endpoint);
  calls_->use(*sip_);

  if (auto opened = open_streams(); !opened) return opened;
  auto server =
      control::Server::open({.listen = config_.control.listen,
                             .hosts = config_.control.hosts,
                             .origins = config_.control.origins,
                             .insecure = config_.control.insecure,
                             // Streams are as many as calls; the rest is for consoles and programs.
                             .connections_max = 256 + std::size_t(config_.sip.max_calls),
                             .lost =
                                 [this](std::uint64_t count) {
                                   hub_.process(*loops_.front(), "events.lost",
                                                {{"subscriber", "control"}, {"count", count}});
                                 }},
                            backend(), hub_);
  if (!server) return Error{server.error()};
  control_ = *std::move(server);

  if (!config_.recording.path.empty() && !loops_.front()->post([this] { clear_recordings(); }))
    return Error{"the media loop does not start"};
  hub_.process(
      *loops_.front(), "engine.started",
      {{"version", PARLEY_VERSION}, {"sip", sip_address()}, {"control", control_address()}});
  return ok();
}

Status Engine::open_calls() {
  auto launch = read_file(config_.media.pipeline);
  if (!launch) return Error{launch.error()};
  agents_ = std::make_unique<Agents>(config_.agents.path);
  ports_ = std::make_unique<Ports>(
      config_.media.address.empty() ? config_.sip.listen.substr(0, config_.sip.listen.rfind(':'))
                                    : config_.media.address,
      PortRange{config_.media.first_port(), config_.media.last_port()});

  CallHost host;
  host.hub = &hub_;
  host.workers = &gst::default_workers();
  host.settings.launch = *std::move(launch);
  host.settings.holes = {
      {"STT", config_.speech.stt},          {"TTS", config_.speech.tts},
      {"LLM_URL", config_.llm.url},         {"LLM_MODEL", config_.llm.model},
      {"LLM_KEY_ENV", config_.llm.key_env}, {"DTX", config_.media.dtx ? "true" : "false"}};
  auto codecs = codec_list(config_.sip.codecs);
  if (!codecs) return Error{"[sip] codecs: " + codecs.error()};
  host.settings.codecs = *std::move(codecs);
  host.settings.security = config_.sip.srtp == "off"        ? sip::Security::off
                           : config_.sip.srtp == "required" ? sip::Security::required
                                                            : sip::Security::optional;
  host.settings.recordings = config_.recording.path;
  host.settings.recording_format = config_.recording.format;
  host.settings.max_duration = std::chrono::seconds(config_.call.max_duration);
  host.settings.max_hold = std::chrono::seconds(config_.call.max_hold);
  host.settings.media_timeout = std::chrono::seconds(config_.media.timeout);
  host.open_port = [this](const LoopRef& loop) { return ports_->open(loop); };
  host.close_port = [this](const Address& local) { ports_->give_back(local.port); };
  host.find_agent = [this](const std::string& name) { return agents_->find(name); };

  calls_ =
      std::make_unique<Calls>(CallsOptions{.max_calls = std::size_t(config_.sip.max_calls),
                                           .max_lateness = Nanos(1ms) * config_.call.max_lateness,
                                           .default_agent = config_.agents.default_agent,
                                           .dial_hosts = config_.sip.dial_hosts},
                              std::move(host), std::vector<LoopRef>(loops_.begin(), loops_.end()));
  return ok();
}

// A variable that is named but empty would open the door it is to guard.
Result<std::string> secret(const std::string& key, const std::string& variable) {
  if (variable.empty()) return std::string();
  const char* value = std::getenv(variable.c_str());
  if (!value || !*value)
    return Error{
        fmt::format("[media_streams] {}: the environment variable {} is not set", key, variable)};
  return std::string(value);
}

Status Engine::open_streams() {
  const auto& keys = config_.media_streams;
  const auto twilio = secret("twilio_token_env", keys.twilio_token_env);
  if (!twilio) return Error{twilio.error()};
  const auto telnyx = secret("telnyx_token_env", keys.telnyx_token_env);
  if (!telnyx) return Error{telnyx.error()};
  streams_ = std::make_unique<StreamGate>(
      media_stream::Secrets{*twilio, *telnyx, keys.public_url},
      [this](const std::string& name) { return agents_->find(name); }, *calls_);
  return ok();
}

// On the first loop: now and once an hour.
void Engine::clear_recordings() {
  const auto loop = loops_.front();
  loop->after(std::chrono::hours(1), [this] { clear_recordings(); });
  const RetentionLimits limits{.days = config_.recording.retain_days,
                               .gigabytes = config_.recording.retain_gb};
  const bool taken = record::disk().submit([this, loop, limits] {
    const auto removed =
        remove_old_recordings(config_.recording.path, limits, std::chrono::system_clock::now());
    if (removed.files == 0) return;
    // A loop that has stopped runs nothing any more, so the engine is still there.
    (void)loop->post([this, loop, removed] {
      hub_.process(*loop, "recording.removed",
                   {{"files", removed.files}, {"bytes", removed.bytes}});
    });
  });
  if (!taken) log::warn("parleyd", "", "the disk is too busy to remove old recordings");
}

control::Backend Engine::backend() {
  return {
      .calls =
          [this](const control::CallFilter& f) {
            return store_->queries().calls(f.state, f.limit, f.cursor);
          },
      .call = [this](const std::string& id) { return store_->queries().call(id); },
      .dial = [this](const std::string& to, const std::string& agent) -> Result<nlohmann::json> {
        auto call = calls_->dial(to, agent);
        if (!call) return Error{call.error()};
        return nlohmann::json{{"call", *call}};
      },
      .say = [this](const std::string& call,
                    const std::string& text) { return calls_->say(call, text); },
      .press = [this](const std::string& call,
                      const std::string& keys) { return calls_->press(call, keys); },
      .hang_up = [this](const std::string& call) { return calls_->hang_up(call); },
      .hold = [this](const std::string& call, bool on) { return calls_->hold(call, on); },
      .pause_recording = [this](const std::string& call,
                                bool paused) { return calls_->pause_recording(call, paused); },
      .streams = streams_->backend(),
      .health = [this] { return health(); }};
}

nlohmann::json Engine::health() {
  Nanos worst{}, recent{};
  for (const auto& loop : loops_) {
    worst = std::max(worst, loop->lateness().quantile(0.99));
    recent = std::max(recent, loop->recent_lateness());
  }
  const auto sip = sip_->counters();
  return {{"calls_live", calls_->live()},
          {"pipelines_live", Pipeline::live()},
          {"rtp_ports_in_use", ports_->in_use()},
          {"lateness_p99_us", to_us(worst)},
          {"lateness_recent_p99_us", to_us(recent)},
          {"scheduling", loops_.front()->scheduling()},
          {"process", gauges_.take(usage_of_this_process(), calls_->live(), loops_.front()->now())},
          {"sip", sip_->address()},
          {"sip_counters",
           {{"received", sip.received},
            {"garbage", sip.garbage},
            {"limited", sip.limited},
            {"refused", sip.refused},
            {"turned_away", sip.turned_away},
            {"lost_commands", sip.lost_commands}}},
          {"events_stored", store_->events_stored()},
          {"events_lost", store_->events_lost()},
          {"version", PARLEY_VERSION}};
}

void Engine::drain_and_stop(const std::function<bool(std::chrono::milliseconds)>& hurry) {
  hub_.process(*loops_.front(), "engine.stopping", {{"calls", calls_->live()}});
  sip_->set_accepting(false);
  streams_->set_accepting(false);
  const auto deadline = loops_.front()->now() + drain_time;
  while (calls_->live() && loops_.front()->now() < deadline && !hurry(100ms)) {
  }
  calls_->end_all(EndReason::shutdown);
  const auto last = loops_.front()->now() + 2s;
  while (calls_->live() && loops_.front()->now() < last) hurry(10ms);
  sip_.reset();
  for (auto& loop : loops_) loop->stop();
  streams_->detach();
  calls_.reset();
  store_.reset();  // everything is written
  control_.reset();
}

struct Signals {
  sigset_t set{};

  Signals() {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);  // a file-size limit is an error of the store, not our death
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);  // inherited by every thread
  }
  void wait() const {
    int got = 0;
    sigwait(&set, &got);
  }
  // True: a second signal came within `patience`.
  bool wait_for(std::chrono::milliseconds patience) const {
    const timespec time{.tv_sec = patience.count() / 1000,
                        .tv_nsec = patience.count() % 1000 * 1'000'000};
    return sigtimedwait(&set, nullptr, &time) > 0;
  }
};

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  setrlimit(RLIMIT_NOFILE, &limit);
}

int run(const Config& config) {
  const Signals signals;
  raise_descriptor_limit();
  if (!log::setup(config.log.level, config.log.format)) {
    std::fprintf(stderr, "parleyd: [log] level or format is unknown\n");
    return 2;
  }
  gst_init(nullptr, nullptr);
  gst_plugin_parley_register();
  {
    Engine engine(config);
    if (const auto started = engine.start(); !started) {
      std::fprintf(stderr, "parleyd: %s\n", started.error().c_str());
      return 1;
    }
    std::puts(nlohmann::json{
        {"ready", true}, {"sip", engine.sip_address()}, {"control", engine.control_address()}}
                  .dump()
                  .c_str());
    std::fflush(stdout);
    signals.wait();
    log::info("parleyd", "",
              "stopping: no new calls, at most {} s for the live ones; again to hurry",
              drain_time / 1s);
    engine.drain_and_stop(
        [&](std::chrono::milliseconds patience) { return signals.wait_for(patience); });
  }
  return 0;
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  CLI::App app{"parleyd: a self-hosted, real-time voice-agent engine"};
  std::string path;
  bool check = false;
  app.add_option("--config", path, "parley.toml; every key has a default");
  app.add_flag("--check-config", check, "say what is wrong with the configuration, and end");
  app.set_version_flag("--version", PARLEY_VERSION);
  CLI11_PARSE(app, argc, argv);

  const auto config =
      parley::load_config(path.empty() ? std::nullopt : std::optional<std::filesystem::path>(path),
                          parley::process_environment());
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().c_str());
    return 2;
  }
  if (check) {
    std::puts("the configuration is fine");
    return 0;
  }
  return parley::run(*config);
}
