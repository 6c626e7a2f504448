// parleycaller: a scripted caller as a source: talks to the agent behind it, and hears it.
//
//   PARLEY_TIME=virtual gst-launch-1.0 -m parleycaller steps="say hello there; wait agent to
//       finish; hangup" ! parleyvad ! parleystt ! parleyturn agent=pipelines/agents/reception.toml
//       ! parleytts ! parleyegress
//
// The script's language is tools/caller/README.md's; `steps` is one in the line itself, with
// semicolons between the steps. The caller hears what parleyegress sends, whether or not something
// is linked behind that. Keys go down as parley-dtmf. When the script is over the stream ends; a
// script that fails is an error, so gst-launch-1.0 fails. At the end the element message
// parley-caller says how it went: completed, reason, answers, answer-ms (of each), agent-voiced-ms.
//
// Threads: in virtual time a task of its own pushes, and time follows it; in real time the loop.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "plugins/gstpp/node.hpp"
#include "plugins/testkit/elements.hpp"
#include "plugins/testkit/player.hpp"

namespace parley::testkit {
namespace {

constexpr auto narrow_caps = "audio/x-raw, format=S16LE, layout=interleaved, channels=1, rate=8000";

struct Settings {
  std::string script, steps;
  std::string voice = "kal16";
  guint64 seed = 1;
  guint longest_s = 3600;
  bool strict = true;
};

std::string read_script(const Settings& settings) {
  if (settings.script.empty() == settings.steps.empty())
    throw std::runtime_error(
        "property script: a file, or the steps themselves in steps, is needed");
  if (settings.script.empty()) {
    auto text = settings.steps;
    std::ranges::replace(text, ';', '\n');
    return text;
  }
  std::ifstream file(settings.script);
  if (!file) throw std::runtime_error("property script: cannot read " + settings.script);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

caller::ProgramRef load(const Settings& settings) {
  const auto script = caller::parse_script(read_script(settings));
  if (!script) throw std::runtime_error(script.error());
  caller::Voices voices;
  const auto folder = std::filesystem::path(settings.script).parent_path().string();
  auto program = caller::prepare(
      *script, {.voice = settings.voice, .folder = folder.empty() ? "." : folder}, voices);
  if (!program) throw std::runtime_error(program.error());
  return *std::move(program);
}

// Where an egress that nobody is linked to sends its RTP: what it says is heard by other means.
class DeafPort final : public PacketPort {
 public:
  void receive(Receiver) override {}
  bool send(std::span<const std::uint8_t>, const Address&) override { return true; }
  Address local() const override { return {0x0a000001, 20000}; }
  std::uint64_t unsent() const override { return 0; }
};

class CallerElement final : public gst::Node<CallerElement, Settings> {
 public:
  static constexpr gst::Description about{
      .type_name = "ParleyCaller",
      .factory = "parleycaller",
      .long_name = "A scripted caller",
      .klass = "Source/Audio",
      .description = "Says and hears what a script asks for, as the caller of a pipeline"};
  static constexpr auto properties = std::tuple{
      gst::prop("script", "Path of the script", &Settings::script),
      gst::prop("steps", "The script itself, with ; between its steps", &Settings::steps),
      gst::prop("voice", "Who speaks: kal16, rms, slt, awb, kal or espeak:NAME", &Settings::voice),
      gst::prop("seed", "Of the line's noise", &Settings::seed, {0, G_MAXUINT64}),
      gst::prop("longest-s", "Seconds after which the script has failed", &Settings::longest_s,
                {1, 86400}),
      gst::prop("strict", "A script that fails is an error", &Settings::strict)};

  static void class_init(GstElementClass* k) { setup(k, nullptr, narrow_caps); }
  explicit CallerElement(GstElement* element) : Node(element) {
    gst_pad_set_activatemode_function(
        src_pad(), +[](GstPad* pad, GstObject* parent, GstPadMode mode, gboolean on) -> gboolean {
          if (mode != GST_PAD_MODE_PUSH) return FALSE;
          if (!on) return gst_pad_stop_task(pad);
          if (!of(parent).loop().is_virtual()) return TRUE;
          return gst_pad_start_task(
              pad, +[](gpointer me) { of(me).produce(); }, parent, nullptr);
        });
  }

  bool no_preroll() { return !loop().is_virtual(); }

  void started() {
    if (!program_) program_ = load(settings());
    player_ = std::make_unique<caller::Player>(program_, Nanos(0), std::uint32_t(settings().seed));
    now_ = Nanos(0);
    began_ = over_ = false;
    if (call().port) return;
    call().port = std::make_shared<DeafPort>();
    call().remote = call().port->local();
  }

  void playing() {
    if (!loop().is_virtual() && !timer_) wake_at(moment(running_time()));
  }

  void stopped() {
    loop().cancel(std::exchange(timer_, 0));
    call().port.reset();
    player_.reset();
  }

  bool query(GstPad* pad, GstQuery* query) {
    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return default_query(pad, query);
    const bool live = !loop().is_virtual();
    gst_query_set_latency(query, live, live ? 20 * GST_MSECOND : 0, GST_CLOCK_TIME_NONE);
    return true;
  }

 private:
  void wake_at(Nanos when) {
    timer_ = at(when, [this, when] {
      timer_ = 0;
      produce();
      if (!over_) wake_at(when + caller::tick_length);
    });
  }

  // The next 20 ms; on the task's thread, or on the loop in real time.
  void produce() {
    if (!std::exchange(began_, true)) start_stream("caller", narrow_caps);
    caller::Frame frame;
    bool ended = false;
    {
      Gate gate(loop());
      if (over_) return pause();
      hear();
      frame = player_->tick(now_);
      ended = player_->state() != caller::State::playing || too_long();
      over_ = ended;
    }
    if (ended) return finish();
    if (frame.key) key(*frame.key);
    push(frame);
  }

  void pause() {
    if (loop().is_virtual()) gst_pad_pause_task(src_pad());
  }

  bool too_long() const { return now_ >= Nanos(1s) * longest_; }

  // What egress sent in the last 20 ms.
  void hear() {
    longest_ = settings().longest_s;
    if (now_ == Nanos(0)) return;
    std::array<std::int16_t, 320> samples{};
    const Nanos from = now_ - caller::tick_length;
    const auto at = moment(GstClockTime(from.count()));
    for (const unsigned rate : {8000u, 16000u}) {
      const auto frame = std::span(samples).first(rate / 50);
      if (!call().sent.get(at, rate, frame)) continue;
      player_->heard(from, frame, rate);
      break;
    }
    if (call().finished && now_ > Nanos(0)) player_->far_end_gone(now_);
  }

  void key(const caller::KeyPacket& packet) {
    constexpr std::string_view keys = "0123456789*#ABCD";
    if (!packet.first) return;
    const std::string digit(1, keys.at(packet.event));
    const auto ms = to_ms(caller::Player::key_down);
    send_downstream(gst::structure("parley-dtmf", {{"digit", digit}, {"duration-ms", ms}}));
    tell("dtmf.received", {{"digit", digit}, {"duration_ms", ms}});
  }

  void push(const caller::Frame& frame) {
    auto* buffer = gst_buffer_new_memdup(frame.audio.data(), frame.audio.size() * 2);
    GST_BUFFER_PTS(buffer) = GstClockTime(now_.count());
    GST_BUFFER_DURATION(buffer) = GstClockTime(caller::tick_length.count());
    if (now_ == Nanos(0)) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    now_ += caller::tick_length;
    const auto flow = gst_pad_push(src_pad(), buffer);
    if (flow == GST_FLOW_OK) return;
    over_ = true;
    pause();
    if (flow == GST_FLOW_NOT_LINKED || flow < GST_FLOW_EOS) GST_ELEMENT_FLOW_ERROR(self(), flow);
  }

  void finish() {
    const bool completed = player_->state() == caller::State::completed;
    const auto reason = player_->state() == caller::State::playing
                            ? fmt::format("the script took longer than {} s", longest_)
                            : player_->reason();
    std::vector<std::string> answers;
    for (const auto ms : answer_times()) answers.push_back(std::to_string(ms));
    const auto count = std::int64_t(answers.size());
    tell("caller", {{"completed", completed},
                    {"reason", reason},
                    {"answers", count},
                    {"answer-ms", answers},
                    {"agent-voiced-ms", to_ms(player_->agent().voiced())}});
    if (!completed && settings().strict)
      GST_ELEMENT_ERROR(self(), STREAM, FAILED, ("The caller's script failed: %s", reason.c_str()),
                        (nullptr));
    pause();
    gst_pad_push_event(src_pad(), gst_event_new_eos());
  }

  // From the end of each thing the caller said to the agent's first sound after it.
  std::vector<std::int64_t> answer_times() const {
    const auto &agent = player_->agent().segments(), &own = player_->own().segments();
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto until = i + 1 < own.size() ? own[i + 1].start : Nanos::max();
      const auto answer = std::ranges::find_if(
          agent, [&](const auto& s) { return s.start > own[i].end && s.start < until; });
      if (answer != agent.end()) all.push_back(to_ms(answer->start - own[i].end));
    }
    return all;
  }

  caller::ProgramRef program_;  // kept: synthesis takes its time
  std::unique_ptr<caller::Player> player_;
  Nanos now_{0};  // running time of the frame that comes next
  guint longest_ = 0;
  bool began_ = false, over_ = false;
  Loop::TimerId timer_ = 0;
};

}  // namespace

GType caller_type() { return CallerElement::type(); }

}  // namespace parley::testkit
