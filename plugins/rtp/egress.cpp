// parleyegress: audio out on a grid of 20 ms: as RTP, or downstream as one timeline.
//
//   gst-launch-1.0 audiotestsrc is-live=true ! audio/x-raw,rate=8000 ! parleyegress host=127.0.0.1
//       port=5006                                                    (RTP to a port of ours)
//   gst-launch-1.0 parleyingress port=5004 ! parleyegress            (RTP back to whoever calls)
//   ... ! parleyegress payload-map="9=G722/8000" ptime=40            (wideband, 25 packets a
//   second) echo "Hello." | gst-launch-1.0 fdsrc ! text/x-raw,format=utf8 ! parleytts !
//   parleyegress !
//       audioconvert ! autoaudiosink                                 (heard here)
//
// Audio of any length is queued (120 s at most) and leaves frame by frame on the loop's clock,
// never paced by the network; silence stands between answers. What left is known to the sample: the
// query parley-heard answers from it, and parley-spoken goes upstream as words leave. parley-duck
// lowers the voice by 18 dB within a frame. A flush fades out within 60 ms, drops what is queued
// and ends here. While hold-music is true what is said waits, and the agent's hold music plays.
// Without anything linked behind it the element is a sink and sends RTP through the port of the
// call (GstContext "parley.call"); its grid then keeps just behind the arrival of the far end's
// packets. Events of the call end here too. Codec, packet time and hold are settings that may
// change while it runs. The audio may become wideband while it runs: what waits is raised and goes
// on; it never becomes narrowband again, what comes later at 8 kHz is raised. Where the codec has
// another rate it is resampled. With an element behind, the first rate stays.
//
// Threads: the call's loop; queries about latency and caps on any thread.
#include "plugins/rtp/egress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "engine/base/ids.hpp"
#include "plugins/agent/agent_cache.hpp"
#include "plugins/dsp/rate_changer.hpp"
#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/rtp/background.hpp"
#include "plugins/rtp/echo_ledger.hpp"
#include "plugins/rtp/effort.hpp"
#include "plugins/rtp/grid.hpp"
#include "plugins/rtp/playout.hpp"
#include "plugins/rtp/rtp_sender.hpp"
#include "plugins/rtp/sounds.hpp"

namespace parley::rtp {
namespace {

constexpr Nanos usual_frame = 20ms;    // 10 for packets of 10 ms
constexpr Nanos loading = 20ms;        // of a sound, in virtual time
constexpr Nanos longest_stall = 60ms;  // then RTP leaves frames out instead of sending a burst

struct Settings {
  std::string host;
  guint port = 0;
  std::string payload_map = "0=PCMU/8000,101=telephone-event/8000";
  guint ptime = 20;
  guint complexity = 5;
  bool held = false;
  bool always_send = true;
  bool dtx = false;
  std::string agent;
  bool hold_music = false;
  guint64 seed = 0;
};

std::vector<std::int64_t> numbers(const std::string& list) {
  std::vector<std::int64_t> all;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at < end) {
    std::int64_t n = 0;
    const auto [next, error] = std::from_chars(at, end, n);
    if (error != std::errc()) break;
    all.push_back(n);
    at = next < end ? next + 1 : end;
  }
  return all;
}

class Egress final : public gst::Node<Egress, Settings>, private RtpSender::Listener {
 public:
  static constexpr gst::Description about{
      .type_name = "ParleyEgress",
      .factory = "parleyegress",
      .long_name = "RTP out, for a voice call",
      .klass = "Sink/Network/RTP",
      .description = "Plays what the agent says on a 20 ms grid: over RTP, or downstream"};
  static constexpr auto properties = std::tuple{
      gst::prop("host", "Numeric IPv4 address to send RTP to; empty: to the far end of the call",
                &Settings::host),
      gst::prop("port", "UDP port at host", &Settings::port, {0, 65535}),
      gst::prop("payload-map",
                "What RTP payload types mean to the far end, as type=name/clock[;fmtp],...; the "
                "first codec is sent",
                &Settings::payload_map),
      gst::prop("ptime", "Milliseconds in a packet, as far as the codec can", &Settings::ptime,
                {10, 60}),
      gst::prop("complexity",
                "What an encoder may cost (Opus), from 0 to 10; less while the loop is late",
                &Settings::complexity, {0, 10}),
      gst::prop("held", "The far end holds the call: nothing is sent, what is said waits",
                &Settings::held),
      gst::prop("always-send", "Send silence as packets too; false: only while something is said",
                &Settings::always_send),
      gst::prop("dtx",
                "Describe silence now and then instead of sending it, where the codec has a way "
                "that every far end understands (AMR-WB); Opus does as the far end's fmtp asks",
                &Settings::dtx),
      gst::prop("agent",
                "Path of an agent's file: its [ambient] sound is heard behind what is said, its "
                "[hold] music in its place while hold-music is true",
                &Settings::agent),
      gst::prop("hold-music", "The agent's hold music plays, and what is said waits",
                &Settings::hold_music),
      gst::prop("seed", "Of SSRC and first sequence number; 0: random, in virtual time 1",
                &Settings::seed, {0, G_MAXUINT64})};

  static void class_init(GstElementClass* k) { setup(k, gst::audio_caps, gst::audio_caps); }
  explicit Egress(GstElement* element) : Node(element) { GST_PAD_SET_PROXY_CAPS(sink_pad()); }

  bool no_preroll() { return behind_ && !virtual_; }

  void started() {
    behind_ = gst_pad_is_linked(src_pad());
    if (behind_)
      GST_OBJECT_FLAG_UNSET(self(), GST_ELEMENT_FLAG_SINK);
    else
      GST_OBJECT_FLAG_SET(self(), GST_ELEMENT_FLAG_SINK);
    call().finished = call().tail_over = false;
    call().packets_sent = call().underruns = 0;
    rate_ = 0;
    given_ = {};
    flow_ = GST_FLOW_OK;
    playout_.emplace();
    background_.start(find_agent(settings().agent));
    echoes_.emplace();
    paused_at_.reset();
    eos_ = played_out_ = full_ = far_holds_ = streaming_ = running_ = playing_ = report_posted_ =
        false;
    wanted_rate_ = 8000;
    grid_.set_frame_time(usual_frame);
    if (!behind_) open_rtp();
    virtual_ = loop().is_virtual();
    alive_ = true;
  }

  void playing() {
    if (!behind_ && !call().port) open_port();
    playing_ = true;
    call().on_played = [this](std::uint64_t mark) { tell_progress(echoes_->played(mark)); };
    call().press_keys = [this](std::string_view keys) { return press(keys); };
    if (!behind_ || !virtual_) run();
  }

  void stopped() {
    alive_ = false;
    stop();
    call().on_played = {};
    call().press_keys = {};
    call().finished = true;
    if (std::exchange(own_port_, false)) call().port.reset();
  }

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    if (played_out_) return flow_ == GST_FLOW_OK ? GST_FLOW_EOS : flow_;
    if (flow_ != GST_FLOW_OK) return flow_;
    const gst::Map map(buffer.get(), GST_MAP_READ);
    const auto offset = GST_BUFFER_OFFSET(buffer.get());
    const std::int64_t utterance = offset == GST_BUFFER_OFFSET_NONE ? 0 : std::int64_t(offset);
    const bool last = GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_MARKER);
    const auto samples =
        given_.convert(map.as<std::int16_t>(), rate_ ? rate_ : playout_->rate(), playout_->rate());
    const bool taken = playout_->audio(utterance, samples, last);
    if (!taken && !std::exchange(full_, true))
      GST_ELEMENT_WARNING(self(), RESOURCE, NO_SPACE_LEFT,
                          ("More than %u s of audio wait to be played; what comes now is dropped. "
                           "Audio from a file needs a clocksync ahead of parleyegress.",
                           Playout::longest_s),
                          (nullptr));
    if (taken) full_ = false;
    report_soon();
    if (!playout_->empty()) run();
    return GST_FLOW_OK;
  }

  bool event(gst::Ref<GstEvent> e) {
    switch (GST_EVENT_TYPE(e.get())) {
      case GST_EVENT_CAPS:
        return take_caps(e.get());
      case GST_EVENT_SEGMENT:
        if (virtual_) run();
        return true;
      case GST_EVENT_FLUSH_START:
      case GST_EVENT_FLUSH_STOP:
        cut();
        return true;
      case GST_EVENT_EOS:
        eos_ = true;
        if (!running_) finish_if_done();
        return true;
      case GST_EVENT_CUSTOM_DOWNSTREAM:
      case GST_EVENT_CUSTOM_DOWNSTREAM_OOB:
        return take_signal(gst_event_get_structure(e.get()));
      default:
        return true;
    }
  }

  bool query(GstPad* pad, GstQuery* query) {
    switch (GST_QUERY_TYPE(query)) {
      case GST_QUERY_CUSTOM:
        return answer_heard(query) || default_query(pad, query);
      case GST_QUERY_LATENCY:
        if (pad != src_pad()) return default_query(pad, query);
        if (virtual_)
          gst_query_set_latency(query, FALSE, 0, GST_CLOCK_TIME_NONE);
        else
          gst_query_set_latency(query, TRUE, GstClockTime(usual_frame.count()),
                                GST_CLOCK_TIME_NONE);
        return true;
      case GST_QUERY_CAPS:
        if (pad == sink_pad() && !gst_pad_is_linked(src_pad())) return answer_caps(query);
        return default_query(pad, query);
      default:
        return default_query(pad, query);
    }
  }

 private:
  void open_rtp() {
    fixed_remote_ = {};
    if (!settings().host.empty()) {
      auto address = parse_address(settings().host, std::uint16_t(settings().port));
      if (!address) throw std::runtime_error("property host: " + address.error());
      if (!*address) throw std::runtime_error("property port: a host needs a port");
      fixed_remote_ = *address;
    }
    auto seed = settings().seed;
    if (seed == 0) seed = loop().is_virtual() ? 1 : Ids::random_seed();
    sender_ = std::make_unique<RtpSender>(static_cast<RtpSender::Listener&>(*this), seed);
    map_text_.clear();
    followed_ = revision();
    adjust_effort();
    sender_->set_dtx(settings().dtx);
    if (const auto used = use_codec(); !used)
      throw std::runtime_error("property payload-map: " + used.error());
    follow_settings();
  }

  // The codec as the settings have it now.
  Status use_codec() {
    const auto& s = settings();
    if (s.payload_map == map_text_ && s.ptime == ptime_) return ok();
    map_text_ = s.payload_map;
    ptime_ = s.ptime;
    auto map = PayloadMap::parse(map_text_);
    if (!map) return Error{map.error()};
    sender_->use(*std::move(map), ptime_);
    return ok();
  }

  void follow_settings() {
    if (call().far_loss_percent >= 0) sender_->set_expected_loss(call().far_loss_percent);
    sender_->request_mode(call().far_mode);
    const auto set = revision();
    if (followed_ != set) try_codec();
    if (followed_ != set) sender_->set_dtx(settings().dtx);
    if (followed_ != set || effort_.due(loop().now())) adjust_effort();
    followed_ = set;
    wanted_rate_ = sender_->rate();
    grid_.set_frame_time(std::min(sender_->packet_time(), usual_frame));
  }

  void adjust_effort() {
    const auto now = loop().now();
    sender_->set_complexity(
        effort_.look(int(settings().complexity), loop().recent_lateness(), now));
  }

  void try_codec() {
    if (const auto used = use_codec(); !used)
      GST_ELEMENT_WARNING(
          self(), RESOURCE, SETTINGS,
          ("The codec stays as it was. Property payload-map: %s", used.error().c_str()), (nullptr));
  }

  void open_port() {
    if (!fixed_remote_ || virtual_)
      throw std::runtime_error(
          "parleyegress has nowhere to send to: link its src pad, put parleyingress into the same "
          "line, or set host and port (in real time)");
    auto port = open_udp_port(loop().shared_from_this(), Address{});
    if (!port) throw std::runtime_error(port.error());
    call().port = *port;
    own_port_ = true;
  }

  bool take_caps(GstEvent* e) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(e, &caps);
    int rate = 0;
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "rate", &rate);
    const bool first = std::exchange(rate_, unsigned(rate)) == 0;
    if (first && rate_ != playout_->rate())
      playout_.emplace(rate_);
    else if (rate_ > playout_->rate() && !streaming_)
      playout_->widen();
    return true;
  }

  // The ends of words, in samples as they are played.
  std::vector<std::int64_t> ends_of(const GstStructure* words) const {
    auto ends = numbers(gst::get_text(words, "ends"));
    if (rate_ != 0)
      for (auto& end : ends) end = end * playout_->rate() / rate_;
    return ends;
  }

  // Out at once, and out of the far end's buffer.
  void cut() {
    playout_->cut();
    echoes_->cut();
    if (std::exchange(far_holds_, false)) call().buffering->clear();
    report_soon();
  }

  Heard heard_of(std::int64_t utterance) const {
    auto left = playout_->heard(utterance);
    return call().buffering ? echoes_->heard(utterance, left) : left;
  }

  bool take_signal(const GstStructure* s) {
    if (gst_structure_has_name(s, "parley-words"))
      playout_->sentence(gst::get_int(s, "utterance"), gst::get_text(s, "text"),
                         gst::get_list(s, "words"), ends_of(s));
    if (gst_structure_has_name(s, "parley-duck")) playout_->duck(true);
    if (gst_structure_has_name(s, "parley-unduck")) playout_->duck(false);
    report_soon();
    return true;
  }

  bool answer_heard(GstQuery* query) {
    auto* s = gst_query_writable_structure(query);
    if (!alive_ || !s || !gst_structure_has_name(s, "parley-heard") || !loop().here()) return false;
    const auto heard = heard_of(gst::get_int(s, "utterance"));
    gst::set(s, {{"words", heard.words},
                 {"samples", heard.samples},
                 {"text", heard.text},
                 {"pending", heard.pending}});
    return true;
  }

  // Both rates; what the codec has by itself comes first.
  bool answer_caps(GstQuery* query) const {
    GstCaps* filter = nullptr;
    gst_query_parse_caps(query, &filter);
    const unsigned first = wanted_rate_;
    const auto text = fmt::format(
        "audio/x-raw, format=S16LE, layout=interleaved, channels=1, rate=(int){{{}, {}}}", first,
        first == 8000 ? 16000 : 8000);
    auto caps = gst::adopt(gst_caps_from_string(text.c_str()));
    if (filter)
      caps = gst::adopt(gst_caps_intersect_full(caps.get(), filter, GST_CAPS_INTERSECT_FIRST));
    gst_query_set_caps_result(query, caps.get());
    return true;
  }

  // The grid runs from PLAYING on, in virtual time from the first segment on; without always-send
  // only while there is something to say.
  void run() {
    if (running_ || played_out_ || !(playing_ || virtual_)) return;
    if (!behind_ && !settings().always_send && playout_->empty() && !sender_->pressing()) return;
    running_ = true;
    const Nanos now = loop().now();
    if (sender_ && paused_at_) sender_->pass(now - *paused_at_);
    paused_at_.reset();
    grid_.start(now);
    arm();
  }

  void stop() {
    running_ = false;
    loop().cancel(std::exchange(timer_, 0));
  }

  // stopped() cancels it, so it needs no guard, which would allocate.
  void arm() {
    timer_ = loop().at(grid_.next(), [this] { tick(); });
  }

  void tick() {
    timer_ = 0;
    if (!behind_) {
      follow_settings();
      leave_out_late();
    }
    if (behind_)
      push(play());
    else if (settings().held)
      rest();
    else if (sender_->pressing())
      sender_->push_key(grid_.frame_time());
    else
      send();
    grid_.step();
    if (!behind_ && call().arrival && playout_->idle()) grid_.align(*call().arrival);
    rest_or_arm();
    report();
    finish_if_done();
  }

  // The frame of now; talking_: something is said in it, or music plays.
  std::span<const std::int16_t> play() {
    const auto size = std::size_t(playout_->rate() * grid_.frame_time() / Nanos(1s));
    const auto frame = std::span(frame_).first(size);
    const bool music = settings().hold_music;
    playout_->wait(music);
    talking_ = playout_->tick(frame);
    call().underruns = playout_->underruns();
    for (auto& order : background_.follow(playout_->rate(), music)) load(std::move(order));
    talking_ |= background_.add_music(frame);
    call().sent.put(grid_.next(), playout_->rate(), frame);
    background_.add_ambient(frame);  // too soft to come back as an echo
    return frame;
  }

  static std::shared_ptr<const Agent> find_agent(const std::string& path) {
    if (path.empty()) return nullptr;
    auto agent = cached_agent(path);
    if (!agent) throw std::runtime_error(agent.error());
    return *std::move(agent);
  }

  // A worker reads the file; until then there is silence.
  void load(Background::Order order) {
    const auto path = order.sound.path;
    const bool taken =
        job(gst::default_workers(), loading, [this, order = std::move(order)]() -> Loop::Task {
          return [this, order, sound = load_sound(order.sound)] {
            if (!sound) return tell_missing(order.sound.path, sound.error());
            background_.loaded(order, *sound);
          };
        });
    if (!taken) tell_missing(path, "the workers have too much to do");
  }

  void tell_missing(const std::string& path, const std::string& why) {
    tell("sound.missing", {{"path", path}, {"detail", why}});
  }

  void leave_out_late() {
    if (virtual_) return;
    const auto skipped = grid_.skip(loop().now(), longest_stall) * grid_.frame_time();
    sender_->pass(skipped);
    playout_->pass(std::size_t(playout_->rate() * skipped / Nanos(1s)));
  }

  void rest_or_arm() {
    if (behind_ || settings().always_send || !playout_->empty()) return arm();
    if (sender_->half() || sender_->pressing()) return arm();
    running_ = false;
    paused_at_ = grid_.next();
    sender_->fall_silent();
  }

  void rest() {
    sender_->fall_silent();
    sender_->pass(grid_.frame_time());
  }

  void send() {
    const auto frame = play();
    const bool wanted = talking_ || (settings().always_send && !call().buffering);
    if (wanted || sender_->half())
      sender_->push(frame, playout_->rate(), talking_);
    else
      rest();
  }

  void on_packet(std::span<const std::uint8_t> bytes) override {
    const auto& remote = fixed_remote_ ? fixed_remote_ : call().remote;
    if (!remote || !call().port || !call().port->send(bytes, remote)) return;
    ++call().packets_sent;
    call().sent_rtp.note(bytes, sender_->clock_rate(), Nanos(std::int64_t(running_time())));
    far_holds_ = bool(call().buffering);
  }

  // Keys to the far end; what is being said waits for them.
  bool press(std::string_view keys) {
    if (!sender_ || !sender_->press(keys)) return false;
    run();
    return true;
  }

  void push(std::span<const std::int16_t> frame) {
    if (rate_ == 0 || flow_ != GST_FLOW_OK) return;
    if (!std::exchange(streaming_, true)) {
      start_stream("agent", fmt::format("audio/x-raw, format=S16LE, layout=interleaved, "
                                        "channels=1, rate={}",
                                        playout_->rate())
                                .c_str());
      pts_ = running_time();
    }
    auto* buffer = gst::new_buffer(frame);
    GST_BUFFER_PTS(buffer) = pts_;
    GST_BUFFER_DURATION(buffer) = GstClockTime(usual_frame.count());
    pts_ += GstClockTime(usual_frame.count());
    flow_ = gst_pad_push(src_pad(), buffer);
    if (flow_ != GST_FLOW_OK) call().finished = true;  // nobody takes it any more
  }

  // What happened on the way out, told upstream; from a task of its own where a push is under way,
  // so that nobody is entered again in the middle of his own.
  void report() {
    if (call().buffering)
      report_when_played();
    else
      tell_progress(playout_->take_progress());
  }

  // What was cut is told at once, the rest when the far end has played it.
  void report_when_played() {
    tell_progress(echoes_->expire(loop().now()));
    auto progress = playout_->take_progress();
    const auto rest = std::stable_partition(progress.begin(), progress.end(),
                                            [](const auto& p) { return p.phase == Phase::cut; });
    std::vector<Progress> later(rest, progress.end());
    progress.erase(rest, progress.end());
    for (auto& p : progress) {
      const auto heard = heard_of(p.utterance);
      p.words = heard.words, p.samples = heard.samples;
    }
    tell_progress(progress);
    const auto now = playout_->current();
    if (const auto mark = echoes_->left(now, playout_->heard(now), std::move(later), loop().now()))
      call().buffering->mark(mark);
  }

  void tell_progress(const std::vector<Progress>& progress) {
    for (const auto& p : progress) {
      GST_CAT_DEBUG_OBJECT(log(), self(),
                           "utterance %" G_GINT64_FORMAT " %s, %" G_GINT64_FORMAT " words",
                           p.utterance, to_string(p.phase), p.words);
      send_upstream(gst::structure("parley-spoken", {{"utterance", p.utterance},
                                                     {"words", p.words},
                                                     {"samples", p.samples},
                                                     {"phase", to_string(p.phase)},
                                                     {"running-time", running_time()}}));
    }
  }

  void report_soon() {
    if (!playout_->has_progress() || report_posted_) return;
    report_posted_ = loop().post(guarded([this] {
      report_posted_ = false;
      report();
    }));
  }

  void finish_if_done() {
    if (!eos_ || played_out_) return;
    if (!playout_->empty() && !call().tail_over) return;
    played_out_ = true;
    stop();
    if (behind_)
      gst_pad_push_event(src_pad(), gst_event_new_eos());
    else
      gst_element_post_message(self(), gst_message_new_eos(GST_OBJECT(self())));
    call().finished = true;
  }

  Background background_;
  std::optional<Playout> playout_;     // from PAUSED on
  std::optional<EchoLedger> echoes_;   // the same; used when the far end buffers
  std::unique_ptr<RtpSender> sender_;  // when there is nobody behind
  unsigned followed_ = 0;              // revision of the settings
  std::string map_text_;               // what it uses
  guint ptime_ = 0;
  bool talking_ = false;  // in the frame that was played last
  Effort effort_;
  Grid grid_;
  Loop::TimerId timer_ = 0;
  RateChanger given_;  // from the rate that comes
  std::array<std::int16_t, 320> frame_{};
  Address fixed_remote_;
  std::optional<Nanos> paused_at_;  // up to there timestamps have gone on
  GstClockTime pts_ = 0;
  GstFlowReturn flow_ = GST_FLOW_OK;
  unsigned rate_ = 0;    // of what comes; 0: no caps yet
  bool behind_ = false;  // there is an element behind: audio, no RTP
  bool own_port_ = false;
  bool running_ = false;     // the grid runs
  bool streaming_ = false;   // stream-start, caps and segment are out
  bool eos_ = false;         // EOS has come
  bool played_out_ = false;  // EOS has gone out
  bool full_ = false;
  bool far_holds_ = false;  // something was sent that a far end may not have played yet
  bool report_posted_ = false;
  bool playing_ = false;
  std::atomic<unsigned> wanted_rate_ = 8000;
  std::atomic<bool> alive_ = false;    // from READY->PAUSED to PAUSED->READY
  std::atomic<bool> virtual_ = false;  // the loop's time
};

}  // namespace

GType egress_type() { return Egress::type(); }

}  // namespace parley::rtp
