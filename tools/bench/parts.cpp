// parts: what parts of the engine cost, measured in this program, without SIP, store and control;
// prints one line of JSON.
//
//   parts gate
//     ns to take a loop's gate, from outside and nested
//   parts kernel --calls 500
//     what the kernel alone takes for a packet, and to wake who waits for one
//   parts setup --line media.launch --calls 1000
//     CPU of a call's media, set up and torn down
//   parts handover --line media.launch --calls 100 --seconds 10
//     from a packet sent to the frame behind parleyvad
//
// Threads: main() waits; calls live on media loops, one a core, as parleyd's do.
#include <gst/gst.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "engine/base/real_loop.hpp"
#include "engine/call/pipeline.hpp"
#include "engine/call/ports.hpp"
#include "plugins/gstpp/default_loop.hpp"
#include "plugins/plugin.hpp"
#include "tools/bench/callers.hpp"
#include "tools/bench/floor.hpp"

namespace {

using namespace parley;
using namespace parley::bench;

Nanos time_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return Nanos(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
}

template <class T>
T needed(Result<T> result) {
  if (!result) throw std::runtime_error(result.error());
  return *std::move(result);
}

std::string launch_line(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  return needed(
      fill_launch_line(without_hole(text.str(), "RECORDING"), {{"PAYLOADS_IN", "0=PCMU/8000"},
                                                               {"PAYLOADS_OUT", "0=PCMU/8000"},
                                                               {"PTIME", "20"},
                                                               {"TIMEOUT_MS", "30000"}}));
}

// Runs `task` on the loop and waits for it.
void on_loop(const LoopRef& loop, const std::function<void()>& task) {
  std::packaged_task<void()> packaged(task);
  if (!loop->post([&packaged] { packaged(); })) throw std::runtime_error("a loop takes no task");
  packaged.get_future().get();
}

std::vector<std::shared_ptr<RealLoop>> start_loops() {
  std::vector<std::shared_ptr<RealLoop>> loops;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    loops.push_back(RealLoop::make("bench-loop-" + std::to_string(i)));
    loops.back()->start(true);
  }
  return loops;
}

// --- gate

double ns_a_pass(Loop& loop) {
  constexpr int passes = 2'000'000;
  const auto before = time_of(CLOCK_MONOTONIC);
  for (int i = 0; i < passes; ++i) Gate gate(loop);
  return double((time_of(CLOCK_MONOTONIC) - before).count()) / passes;
}

nlohmann::json measure_gate() {
  const auto loop = RealLoop::make();
  const auto outer = ns_a_pass(*loop);
  Gate held(*loop);
  return {{"outer_ns", outer}, {"nested_ns", ns_a_pass(*loop)}};
}

// --- kernel

nlohmann::json measure_kernel(std::size_t calls) {
  auto floor = measure_floor(calls);
  return {{"calls", calls},
          {"send_us", floor.send_us},
          {"receive_us", floor.receive_us},
          {"wake_p50", floor.wake_us.quantile(.5)},
          {"wake_p99", floor.wake_us.quantile(.99)}};
}

// --- set-up

// As engine/call/call.cpp does it: ports, pipeline, PLAYING; and back.
void set_up_and_tear_down(const LoopRef& loop, Ports& ports, const std::string& line) {
  const auto opened = needed(ports.open(loop));
  auto media = std::make_shared<CallMedia>();
  media->port = opened.rtp;
  media->rtcp_port = opened.rtcp;
  media->remote = opened.rtp->local();
  const auto pipeline = needed(
      Pipeline::make(line, loop, media,
                     {.told = [](const std::string&, const nlohmann::json&) {},
                      .failed = [](const std::string&,
                                   const std::string& why) { throw std::runtime_error(why); }}));
  if (!pipeline->prepare() || !pipeline->play())
    throw std::runtime_error("a pipeline does not play");
  pipeline->stop(gst::default_workers());
  ports.give_back(opened.rtp->local().port);
}

nlohmann::json measure_setup(const std::string& line, std::size_t calls) {
  const auto loops = start_loops();
  Ports ports("127.0.0.1", {.first = 20000, .last = 29999});
  const auto all = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      on_loop(loops[i % loops.size()],
              [&] { set_up_and_tear_down(loops[i % loops.size()], ports, line); });
    while (Pipeline::live()) std::this_thread::sleep_for(1ms);  // a worker drops the last reference
  };
  all(50);  // what the first ones load
  const auto cpu = time_of(CLOCK_PROCESS_CPUTIME_ID), began = time_of(CLOCK_MONOTONIC);
  all(calls);
  const auto used = time_of(CLOCK_PROCESS_CPUTIME_ID) - cpu,
             took = time_of(CLOCK_MONOTONIC) - began;
  for (const auto& loop : loops) loop->stop();
  return {{"calls", calls},
          {"cpu_ms", double(used.count()) / 1e6 / double(calls)},
          {"calls_per_second", double(calls) * 1e9 / double(took.count())}};
}

// --- hand-over

// A call whose frames are looked at where parleystt would get them.
class Tapped {
 public:
  Tapped(LoopRef loop, const std::string& line, std::uint16_t far_port) : loop_(std::move(loop)) {
    on_loop(loop_, [&] { start(line, far_port); });
  }
  ~Tapped() {
    on_loop(loop_, [&] { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); });
  }
  Tapped(const Tapped&) = delete;
  Tapped& operator=(const Tapped&) = delete;

  std::uint16_t port() const { return media_->port->local().port; }
  // When a loud frame came, ascending. Its loop has it until stop().
  const std::vector<Nanos>& loud() const { return loud_; }

 private:
  void start(const std::string& line, std::uint16_t far_port) {
    constexpr std::uint32_t loopback = 0x7f000001;
    media_ = std::make_shared<CallMedia>();
    media_->port = needed(open_udp_port(loop_, {loopback, 0}));
    media_->remote = {loopback, far_port};
    pipeline_ =
        gst::adopt(GST_ELEMENT(gst_object_ref_sink(gst_parse_launch(line.c_str(), nullptr))));
    gst_element_set_bus(pipeline_.get(), nullptr);  // nobody reads what it says
    gst_element_set_context(pipeline_.get(), gst::make_context(loop_).get());
    gst_element_set_context(pipeline_.get(), gst::make_context(media_).get());
    const auto vad = gst::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "vad"));
    const auto pad = gst::adopt(gst_element_get_static_pad(vad.get(), "src"));
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer me) {
          static_cast<Tapped*>(me)->look(GST_PAD_PROBE_INFO_BUFFER(info));
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }

  void look(GstBuffer* frame) {
    const auto now = wall();
    GstMapInfo map;
    if (!gst_buffer_map(frame, &map, GST_MAP_READ)) return;
    if (is_voiced({reinterpret_cast<const std::int16_t*>(map.data), map.size / 2}))
      loud_.push_back(now);
    gst_buffer_unmap(frame, &map);
  }

  const LoopRef loop_;
  std::shared_ptr<CallMedia> media_;
  gst::Ref<GstElement> pipeline_;
  std::vector<Nanos> loud_;
};

nlohmann::json measure_handover(const std::string& line, std::size_t calls, Nanos duration) {
  const auto loops = start_loops();
  const auto pulse =
      std::make_shared<Frames>(encode_frames(*rtp::find_fixed_codec(0), "", Talk::pulse));
  std::vector<std::unique_ptr<Tapped>> tapped;
  Callers callers;
  for (std::size_t i = 0; i < calls; ++i) {
    auto wire = std::make_unique<RtpLine>();
    tapped.push_back(std::make_unique<Tapped>(loops[i % loops.size()], line, wire->port()));
    wire->aim({.port = tapped.back()->port()});
    callers.add(std::move(wire), pulse);
  }
  const auto figures = callers.run({.duration = duration, .turn_every = 500ms});
  for (const auto& loop : loops) on_loop(loop, [] {});  // what they have seen is written
  Distribution us;
  for (const auto& [leg, at] : figures.asked) {
    const auto& loud = tapped[leg]->loud();
    const auto seen = std::lower_bound(loud.begin(), loud.end(), at);
    if (seen != loud.end() && *seen - at < 200ms) us.add(double((*seen - at).count()) / 1e3);
  }
  const auto scheduling = std::string(loops.front()->scheduling());
  tapped.clear();
  for (const auto& loop : loops) loop->stop();
  return {{"calls", calls},          {"pulses", figures.asked.size()}, {"seen", us.values.size()},
          {"p50", us.quantile(.5)},  {"p99", us.quantile(.99)},        {"max", us.quantile(1)},
          {"scheduling", scheduling}};
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"What parts of the engine cost; prints it as JSON"};
  std::string line;
  std::size_t calls = 100;
  int seconds = 10;
  const auto& gate = *app.add_subcommand("gate");
  auto& kernel = *app.add_subcommand("kernel");
  auto& setup = *app.add_subcommand("setup");
  auto& handover = *app.add_subcommand("handover");
  for (auto* part : {&setup, &handover})
    part->add_option("--line", line, "a launch line of one call")->required();
  for (auto* part : {&kernel, &setup, &handover})
    part->add_option("--calls", calls)->check(CLI::Range(1, 20000));
  handover.add_option("--seconds", seconds)->check(CLI::Range(8, 600));
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  raise_descriptor_limit();
  gst_init(nullptr, nullptr);
  gst_plugin_parley_register();
  try {
    const auto found =
        gate     ? measure_gate()
        : kernel ? measure_kernel(calls)
        : setup  ? measure_setup(launch_line(line), calls)
                 : measure_handover(launch_line(line), calls, std::chrono::seconds(seconds));
    std::puts(found.dump().c_str());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "parts: %s\n", e.what());
    return 1;
  }
  return 0;
}
