// parleyingress: RTP in, audio and key presses out: a live source.
//
//   gst-launch-1.0 -m parleyingress port=5004 ! audioconvert ! autoaudiosink
//   gst-launch-1.0 parleyingress port=5004 ! parleyegress            (the caller hears an echo)
//   gst-launch-1.0 audiotestsrc is-live=true ! audio/x-raw,rate=8000 ! mulawenc ! rtppcmupay !
//       udpsink host=127.0.0.1 port=5004                             (something to hear)
//
// Takes the packet port of the call (GstContext "parley.call"); when there is none it opens a UDP
// port and puts it there, so that parleyegress answers from the same one. The first sender of valid
// RTP is the far end, whatever was announced (symmetric RTP); others are counted, not believed.
// Which payload types mean what is the payload map; the caps follow the first codec that comes: 8
// kHz for G.711, 16 kHz for G.722 and Opus; they rise with the first wideband codec and never fall.
// On hold nothing is heard; nobody is missed when it is the far end that holds. A key press (RFC
// 4733, or by another way; as a tone, where telephone events were not agreed on) goes down as the
// event parley-dtmf and is told once. A caller who falls silent without packets is heard as
// silence. When no RTP comes for timeout-ms one line says who was expected (media.missing) and
// media.timeout follows: the application ends the call (P20).
//
// Threads: the call's loop.
#include "plugins/rtp/ingress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "engine/base/ids.hpp"
#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/rtp/call_watch.hpp"
#include "plugins/rtp/inband_dtmf.hpp"
#include "plugins/rtp/receiver.hpp"

namespace parley::rtp {
namespace {

constexpr Nanos latency = 20ms;
constexpr Nanos longest_delay = 10ms;  // of a timer: beyond, the loop was held up
constexpr Nanos grace = 3ms;           // to read what came meanwhile

struct Settings {
  std::string address = "127.0.0.1";
  guint port = 0;
  std::string payload_map =
      "0=PCMU/8000,8=PCMA/8000,9=G722/8000,111=opus/48000,101=telephone-event/8000";
  guint timeout_ms = 0;
  bool held = false;
  bool holding = false;
  bool rtcp_mux = false;
};

class Ingress final : public gst::Node<Ingress, Settings>,
                      private Receiver::Listener,
                      private CallWatch::Listener {
 public:
  static constexpr gst::Description about{
      .type_name = "ParleyIngress",
      .factory = "parleyingress",
      .long_name = "RTP in, for a voice call",
      .klass = "Source/Network/RTP",
      .description = "Receives voice and telephone events over RTP, in order and without gaps"};
  static constexpr auto properties = std::tuple{
      gst::prop("address", "Numeric IPv4 address to listen on; not used when the call has a port",
                &Settings::address),
      gst::prop("port",
                "UDP port to listen on, 0 for a free one; not used when the call has a port",
                &Settings::port, {0, 65535}),
      gst::prop("payload-map",
                "What RTP payload types mean to us, as type=name/clock[;fmtp],...; any may come",
                &Settings::payload_map),
      gst::prop("timeout-ms", "Milliseconds without RTP until media.timeout is told; 0: never",
                &Settings::timeout_ms, {0, 3600000}),
      gst::prop("held", "The far end holds the call: what comes is not heard, and may not come",
                &Settings::held),
      gst::prop("holding",
                "We hold the call: what comes is not heard, and keys are told but not acted on",
                &Settings::holding),
      gst::prop("rtcp-mux",
                "RTCP on RTP's port instead of the one above; not used when the call has a port",
                &Settings::rtcp_mux)};

  static void class_init(GstElementClass* k) { setup(k, nullptr, gst::audio_caps); }
  using Node::Node;

  bool no_preroll() { return true; }

  void started() {
    followed_.reset();
    map_text_ = settings().payload_map;
    auto map = PayloadMap::parse(map_text_);
    if (!map) throw std::runtime_error("property payload-map: " + map.error());
    rate_ = map->codec().codec->decoded_rate(map->codec().params);
    listen_for_tones(*map);
    receiver_ =
        std::make_unique<Receiver>(static_cast<Receiver::Listener&>(*this), *std::move(map));
    keys_ = {};
    held_ = silent_ = false;
    announced_ = written_ = call().remote;
    flow_ = GST_FLOW_OK;
    began_ = timed_out_ = gave_way_ = false;
    if (!call().port) open_port();
  }

  void playing() {
    if (std::exchange(began_, true)) return;
    start_stream("caller", caps_of(rate_).c_str());
    since_ = running_now();
    const auto seed = loop().is_virtual() ? 1 : Ids::random_seed();
    watch_.emplace(static_cast<CallWatch::Listener&>(*this), call(), seed, since_, loop().utc_us());
    listen();
    call().on_ports = [this] { listen(); };
    call().on_key = [this](const KeyPress& press) { pressed(press, KeyGate::Way::elsewhere); };
    plan();
  }

  void stopped() {
    if (watch_) watch_->leave(running_now());
    call().port->receive({});
    if (call().rtcp_port) call().rtcp_port->receive({});
    call().on_ports = {};
    call().on_key = {};
    loop().cancel(std::exchange(timer_, 0));
    tell_summary();
    call().arrival.reset();
    call().caller_lead = Nanos(0);
    if (std::exchange(own_port_, false)) {
      call().port.reset();
      call().rtcp_port.reset();
    }
    watch_.reset();
    receiver_.reset();
  }

  bool query(GstPad* pad, GstQuery* query) {
    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return default_query(pad, query);
    gst_query_set_latency(query, TRUE, GstClockTime(latency.count()), GST_CLOCK_TIME_NONE);
    return true;
  }

 private:
  void open_port() {
    if (loop().is_virtual())
      throw std::runtime_error(
          "live sources refuse PARLEY_TIME=virtual: RTP comes at its own pace; unset it");
    auto address = parse_address(settings().address, std::uint16_t(settings().port));
    if (!address) throw std::runtime_error("property address: " + address.error());
    auto port = open_udp_port(loop().shared_from_this(), *address);
    if (!port) throw std::runtime_error(port.error());
    call().port = *port;
    call().rtcp_mux = settings().rtcp_mux;
    const auto local = (*port)->local();
    if (!call().rtcp_mux)
      if (auto rtcp =
              open_udp_port(loop().shared_from_this(), {local.ip, std::uint16_t(local.port + 1)}))
        call().rtcp_port = *rtcp;
    own_port_ = true;
    GST_CAT_INFO_OBJECT(log(), self(), "listens on %s", to_string((*port)->local()).c_str());
  }

  void listen() {
    if (call().rtcp_port)
      call().rtcp_port->receive(
          [this](std::span<const std::uint8_t> datagram, const Address& from) {
            watch_->rtcp(datagram, from, receiver_->source(), running_now());
          });
    call().port->receive([this](std::span<const std::uint8_t> datagram, const Address& from) {
      arrived(datagram, from);
    });
  }

  Nanos running_now() const { return Nanos(std::int64_t(running_time())); }

  void arrived(std::span<const std::uint8_t> datagram, const Address& from) {
    follow_settings();
    if (call().remote != written_) announced_ = written_ = call().remote;  // a new description
    if (is_rtcp(datagram)) return watch_->rtcp(datagram, from, receiver_->source(), running_now());
    receiver_->packet(datagram, from, announced_, running_now());
    call().arrival.reset();
    if (const auto arrival = receiver_->arrival())
      call().arrival = moment(GstClockTime(arrival->count()));
    plan();
  }

  // One timer, moved only to be earlier: most packets leave it where it is. stopped() cancels it,
  // so it needs no guard, which would allocate.
  void plan() {
    if (gave_way_) return;
    auto next = std::optional(watch_->next());
    if (const auto due = receiver_->deadline(); due && *due < *next) next = due;
    if (const auto over = timeout_at(); over && (!next || *over < *next)) next = over;
    if (!next || (timer_ && timer_at_ <= *next)) return;
    loop().cancel(timer_);
    wake_at(*next);
  }

  void wake_at(Nanos when) {
    timer_at_ = when;
    timer_ = loop().at(moment(GstClockTime(when.count())), [this] { wake(); });
  }

  // After a stall of the loop packets may wait in the socket: they are read before anything is
  // given up or made up for them.
  void wake() {
    timer_ = 0;
    const Nanos now = running_now();
    if (now - timer_at_ > longest_delay && !std::exchange(gave_way_, true))
      return wake_at(now + grace);
    gave_way_ = false;
    follow_settings();
    receiver_->tick(now);
    watch_->tick(now);
    check_timeout();
    plan();
  }

  // What the far end may send now. On hold it need not send at all.
  void follow_settings() {
    const auto now = revision();
    if (followed_ == now) return;
    followed_ = now;
    const auto& s = settings();
    if (std::exchange(held_, s.held) != s.held) since_ = running_now();
    if (const bool silent = held_ || s.holding; std::exchange(silent_, silent) != silent) {
      receiver_->set_held(silent);
      send_downstream(gst::structure("parley-hold", {{"held", silent}}));
    }
    if (s.payload_map == map_text_) return;
    map_text_ = s.payload_map;
    if (auto map = PayloadMap::parse(map_text_)) {
      listen_for_tones(*map);
      receiver_->set_map(*std::move(map));
    } else
      GST_ELEMENT_WARNING(
          self(), RESOURCE, SETTINGS,
          ("What may come stays as it was. Property payload-map: %s", map.error().c_str()),
          (nullptr));
  }

  // Only who sends no telephone events is listened to for the tones themselves.
  void listen_for_tones(const PayloadMap& map) {
    if (map.events(map.codec().clock_rate))
      tones_.reset();
    else if (!tones_)
      tones_ = std::make_unique<InbandDtmf>();
  }

  Nanos last_heard() const { return std::max(since_, receiver_->last_packet()); }

  std::optional<Nanos> timeout_at() {
    if (timed_out_ || held_ || settings().timeout_ms == 0) return {};
    return last_heard() + Nanos(1ms) * settings().timeout_ms;
  }

  void check_timeout() {
    const auto over = timeout_at();
    if (!over || running_now() < *over) return;
    timed_out_ = true;
    const auto seconds = to_ms(running_now() - last_heard()) / 1000.0;
    const auto source = receiver_->source();
    auto detail = source ? fmt::format("RTP from {} to {} stopped {:.3g} s ago", to_string(source),
                                       to_string(call().port->local()), seconds)
                         : watch_->why_silent(running_now());
    if (detail.empty()) detail = Diagnosis::no_rtp(facts(), seconds);
    if (source || !watch_->told())
      tell("media.missing", {{"cause", source ? "stopped" : "no_rtp"}, {"detail", detail}});
    tell("media.timeout", {{"detail", detail}});
  }

  CallFacts facts() override {
    const auto in = receiver_->counters();
    return {.local = call().port->local(),
            .announced = announced_,
            .source = receiver_->source(),
            .believed = in.received,
            .malformed = in.malformed,
            .undecryptable = call().port->undecryptable(),
            .secure = call().port->secure(),
            .held = silent_,
            .sent = call().packets_sent};
  }

  void on_finding(const Diagnosis::Finding& finding) override {
    tell("media.missing", {{"cause", to_string(finding.cause)}, {"detail", finding.detail}});
  }

  void on_quality(const CallQuality& q) override {
    tell("media.quality", {{"lost_percent", q.way.lost_percent},
                           {"jitter_ms", q.way.jitter_ms},
                           {"round_trip_ms", q.way.round_trip_ms},
                           {"mos", q.mos},
                           {"far_lost_percent", q.way.far_lost_percent},
                           {"far_jitter_ms", q.way.far_jitter_ms},
                           {"far_mos", q.far_mos}});
  }

  void tell_summary() {
    const auto in = receiver_->counters();
    tell("media.summary", {{"received", in.received},
                           {"lost", in.lost},
                           {"late", in.late},
                           {"malformed", in.malformed},
                           {"foreign", in.foreign},
                           {"undecryptable", call().port->undecryptable()},
                           {"concealed_ms", in.concealed_ms},
                           {"sent", call().packets_sent},
                           {"unsent", call().port->unsent()},
                           {"underruns", call().underruns},
                           {"rtcp_sent", watch_ ? watch_->rtcp().counters().sent : 0},
                           {"rtcp_received", watch_ ? watch_->rtcp().counters().received : 0},
                           {"mos", watch_ ? watch_->mean_mos() : -1.0}});
  }

  static std::string caps_of(unsigned rate) {
    return fmt::format("audio/x-raw, format=S16LE, layout=interleaved, channels=1, rate={}", rate);
  }

  void on_audio(Nanos start, std::span<const std::int16_t> samples, unsigned rate,
                bool leap) override {
    watch_->audio(samples);
    call().caller_lead = receiver_->lead();
    if (tones_)
      for (const auto& press : tones_->hear(samples, rate)) pressed(press, KeyGate::Way::rtp);
    if (flow_ != GST_FLOW_OK) return;
    if (std::exchange(rate_, rate) != rate) {
      const auto caps = gst::adopt(gst_caps_from_string(caps_of(rate).c_str()));
      gst_pad_push_event(src_pad(), gst_event_new_caps(caps.get()));
    }
    auto* buffer = gst::new_buffer(samples);
    GST_BUFFER_PTS(buffer) = GstClockTime(start.count());
    GST_BUFFER_DURATION(buffer) = samples.size() * GST_SECOND / rate;
    if (leap) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    flow_ = gst_pad_push(src_pad(), buffer);
    if (flow_ == GST_FLOW_FLUSHING) flow_ = GST_FLOW_OK;
    if (flow_ == GST_FLOW_NOT_LINKED || flow_ < GST_FLOW_EOS) GST_ELEMENT_FLOW_ERROR(self(), flow_);
  }

  void on_packet(const Packet& packet, const Meaning& meaning, Nanos now) override {
    const auto modes =
        meaning.codec && meaning.codec->modes ? meaning.codec->modes(packet.payload) : Modes{};
    if (modes.requests) call().far_mode = modes.wanted;
    watch_->packet(packet, meaning, modes, now);
  }

  void on_key(const KeyPress& press) override { pressed(press, KeyGate::Way::rtp); }

  void pressed(const KeyPress& press, KeyGate::Way way) {
    if (!keys_.admits(press.digit, way, running_now())) return;
    const std::string digit(1, press.digit);
    if (!settings().holding)
      send_downstream(
          gst::structure("parley-dtmf", {{"digit", digit}, {"duration-ms", press.duration_ms}}));
    tell("dtmf.received", {{"digit", digit}, {"duration_ms", press.duration_ms}});
  }

  void on_source(const Address& source) override { call().remote = written_ = source; }

  void on_first(const Address& source, int payload_type) override {
    tell("media.started", {{"from", to_string(source)}, {"payload_type", payload_type}});
  }

  std::unique_ptr<Receiver> receiver_;  // from PAUSED on
  std::optional<CallWatch> watch_;      // from PLAYING on
  Address announced_;                   // who was to send
  Address written_;                     // what we know of CallMedia::remote
  std::optional<unsigned> followed_;    // revision of the settings
  std::string map_text_;                // what it uses
  unsigned rate_ = 8000;                // of the caps that are out
  KeyGate keys_;
  std::unique_ptr<InbandDtmf> tones_;  // empty: keys come as telephone events
  bool held_ = false;                  // by the far end
  bool silent_ = false;                // held, by the far end or by us
  bool own_port_ = false;
  bool began_ = false;  // stream-start, caps and segment are out
  bool timed_out_ = false;
  bool gave_way_ = false;  // the timer was late and waits for what the socket holds
  Nanos since_{0};
  Loop::TimerId timer_ = 0;
  Nanos timer_at_{0};
  GstFlowReturn flow_ = GST_FLOW_OK;
};

}  // namespace

GType ingress_type() { return Ingress::type(); }

}  // namespace parley::rtp
