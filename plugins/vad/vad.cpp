// parleyvad: cuts a caller's audio into frames of 20 ms and says where speech starts and stops.
//
//   PARLEY_TIME=virtual gst-launch-1.0 -m filesrc location=in.wav ! wavparse ! audioconvert !
//       audioresample ! parleyvad ! fakesink
//
// Each change travels twice: as the serialized event "parley-vad" for the elements behind, and as
// the messages "parley-speech.started" and "parley-speech.stopped" for the application. What the
// agent says is taken out of the audio first (echo.hpp), so its echo is not taken for a caller.
// Tones of the line, of a fax and of an answering machine are told as "parley-line.tone".
//
// When a far end changes to a wideband codec in the middle of a call, what leaves is wideband too
// from the next frame on: the caps rise, what is being said goes on being heard. They never fall:
// narrowband audio that comes later is raised.
//
// In virtual time, with a pusher of its own (filesrc), this is where time enters a chain: the loop
// is brought to the end of each frame before the frame is handled, and after EOS to the end of all
// that is still to be said.
//
// Threads: all on the loop.

#include "plugins/vad/vad.hpp"

#include <gst/audio/audio.h>

#include <memory>
#include <optional>
#include <vector>

#include "plugins/dsp/half_band.hpp"
#include "plugins/dsp/rate_changer.hpp"
#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/vad/echo.hpp"
#include "plugins/vad/framer.hpp"
#include "plugins/vad/front_end.hpp"
#include "plugins/vad/line_check.hpp"
#include "plugins/vad/music.hpp"
#include "plugins/vad/speech_detector.hpp"
#include "plugins/vad/tones.hpp"

namespace parley {
namespace {

struct VadSettings {
  guint hangover_ms = 500;
  guint tail_ms = 30000;
  bool tones = true;
  bool echo_cancellation = true;
  bool noise_suppression = false;
  bool agc = false;
};

class Vad final : public gst::Node<Vad, VadSettings> {
 public:
  static constexpr gst::Description about{
      .type_name = "ParleyVad",
      .factory = "parleyvad",
      .long_name = "Parley speech detector",
      .klass = "Filter/Analyzer/Audio",
      .description =
          "Cuts a caller's audio into 20 ms frames, removes the agent's echo and says "
          "where speech starts and stops"};

  static constexpr auto properties = std::tuple{
      gst::prop("hangover-ms",
                "Silence after which speech has ended, in milliseconds; the patience-ms of a "
                "parley-expect event replaces it",
                &VadSettings::hangover_ms, {20, 10000}),
      gst::prop("tail-ms",
                "In virtual time, how long after the end of the input the chain may still work and "
                "speak, in milliseconds",
                &VadSettings::tail_ms, {0, 600000}),
      gst::prop("tones", "Tell busy, ringback and other tones of the line, of a fax, of a machine",
                &VadSettings::tones),
      gst::prop("echo-cancellation",
                "Take what the agent sends out of what comes back; false: for lines without echo",
                &VadSettings::echo_cancellation),
      gst::prop("noise-suppression",
                "Lower the noise in the audio that leaves; the detector hears it as it was",
                &VadSettings::noise_suppression),
      gst::prop("agc", "Bring speech in the audio that leaves to one level", &VadSettings::agc)};

  static void class_init(GstElementClass* k) { setup(k, gst::audio_caps, gst::audio_caps); }
  using Node::Node;

  void started() {
    stream_.reset();
    gst_segment_init(&segment_, GST_FORMAT_TIME);
    patience_ms_ = 0;
    end_turn_ = false;
    call().tail_over = false;
    bad_line_ = queue_in_line(src_pad());
    if (!bad_line_.empty())
      GST_ELEMENT_ERROR(
          self(), CORE, PAD,
          ("Take the %s out: a call's elements run on one loop, from parleyvad to "
           "parleyegress.",
           bad_line_.c_str()),
          ("a %s stands between parleyvad and another Parley element", bad_line_.c_str()));
  }
  void stopped() { stream_.reset(); }

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    if (!bad_line_.empty()) return GST_FLOW_ERROR;
    if (!stream_) return GST_FLOW_NOT_NEGOTIATED;
    const gst::Map map(buffer.get(), GST_MAP_READ);
    const auto samples = stream_->given.convert(map.as<std::int16_t>(), given_rate_, stream_->rate);
    stream_->framer.push(running_start(buffer.get()), samples);
    stream_->begun = true;
    return push_frames();
  }

  bool event(gst::Ref<GstEvent> e) {
    switch (GST_EVENT_TYPE(e.get())) {
      case GST_EVENT_CAPS:
        return take_caps(std::move(e));
      case GST_EVENT_SEGMENT:
        return take_segment(std::move(e));
      case GST_EVENT_FLUSH_STOP:
        if (stream_) {
          const bool begun = stream_->begun;
          stream_.emplace(stream_->rate).begun = begun;
        }
        return forward(std::move(e));
      case GST_EVENT_EOS:
        return take_eos(std::move(e));
      default:
        return forward(std::move(e));
    }
  }

  bool upstream_event(gst::Ref<GstEvent> e) {
    if (gst_event_has_name(e.get(), "parley-expect")) {
      patience_ms_ = gst::get_int(gst_event_get_structure(e.get()), "patience-ms");
      return true;
    }
    if (gst_event_has_name(e.get(), "parley-end-turn")) return end_turn_ = true;
    return Node::upstream_event(std::move(e));
  }

 private:
  struct Stream {  // what a rate determines
    explicit Stream(unsigned r)
        : rate(r),
          framer(r),
          echo(r),
          front_end(r, framer.frame_samples()),
          sent(framer.frame_samples()) {}

    // Twice the rate from the next frame on. The detectors go on: they hear 8 kHz either way.
    void widen() {
      rate *= 2;
      framer.widen();
      echo.change_rate(rate);
      front_end = FrontEnd(rate, framer.frame_samples());
      sent.resize(framer.frame_samples());
    }

    unsigned rate;
    bool begun = false;  // something has come
    RateChanger given;   // from the rate that comes
    Framer framer;
    EchoCanceller echo;
    FrontEnd front_end;
    SpeechDetector detector;
    ToneDetector tones;
    MusicDetector music;
    Downsampler down;
    std::vector<std::int16_t> sent, narrow, prepared;
    Nanos end{0};  // running time after the last frame
  };

  bool take_caps(gst::Ref<GstEvent> e) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(e.get(), &caps);
    GstAudioInfo info;
    if (!gst_audio_info_from_caps(&info, caps)) return false;
    given_rate_ = unsigned(GST_AUDIO_INFO_RATE(&info));
    if (stream_ && stream_->begun) {
      if (given_rate_ <= stream_->rate) return true;
      stream_->widen();
    } else if (!stream_ || stream_->rate != given_rate_) {
      stream_.emplace(given_rate_);
    }
    return forward(std::move(e));
  }

  // What leaves is stamped with running time, so whatever comes becomes a plain time segment.
  bool take_segment(gst::Ref<GstEvent> e) {
    const GstSegment* given = nullptr;
    gst_event_parse_segment(e.get(), &given);
    gst_segment_copy_into(given, &segment_);
    GstSegment plain;
    gst_segment_init(&plain, GST_FORMAT_TIME);
    return forward(gst::adopt(gst_event_new_segment(&plain)));
  }

  Nanos running_start(GstBuffer* buffer) const {
    if (segment_.format != GST_FORMAT_TIME || !GST_BUFFER_PTS_IS_VALID(buffer))
      return Framer::no_time;
    const auto t = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    return GST_CLOCK_TIME_IS_VALID(t) ? Nanos(std::int64_t(t)) : Framer::no_time;
  }

  GstFlowReturn push_frames() {
    Nanos start;
    std::span<const std::int16_t> frame;
    GstFlowReturn flow = GST_FLOW_OK;
    while (flow == GST_FLOW_OK && stream_ && stream_->framer.next(start, frame))
      flow = handle(start, frame);
    return flow;
  }

  GstFlowReturn handle(Nanos start, std::span<const std::int16_t> frame) {
    auto& s = *stream_;
    s.end = start + Framer::frame_time;
    loop().pump_to(moment(GstClockTime(s.end.count())));
    const auto clean = settings().echo_cancellation ? without_echo(start, frame) : frame;
    // The start goes ahead of the frame that showed it, the end behind the last one that belongs.
    const auto edge = detect(clean);
    if (edge && edge->speech) announce(*edge);
    const auto flow = push(start, prepared(clean));
    if (edge && !edge->speech) announce(*edge);
    return flow;
  }

  std::span<const std::int16_t> without_echo(Nanos start, std::span<const std::int16_t> frame) {
    auto& s = *stream_;
    const auto heard_at = moment(GstClockTime(start.count())) - call().caller_lead;
    const bool sounding = call().sent.get(heard_at, s.rate, s.sent);
    return s.echo.push(frame, s.sent, sounding);
  }

  std::optional<SpeechEdge> detect(std::span<const std::int16_t> frame) {
    auto& s = *stream_;
    s.narrow.clear();
    if (s.rate == 16000) {
      s.down.push(frame, s.narrow);
      frame = s.narrow;
    }
    const int hangover_ms = patience_ms_ > 0 ? int(patience_ms_) : int(settings().hangover_ms);
    if (settings().tones) listen(frame.first<ToneDetector::frame_samples>());
    auto edge = s.detector.push(frame.first<Periodicity::frame_samples>(), hangover_ms / 20,
                                s.echo.doubtful());
    if (std::exchange(end_turn_, false) && !edge) edge = s.detector.end();
    return edge;
  }

  std::span<const std::int16_t> prepared(std::span<const std::int16_t> frame) {
    const FrontEnd::Wanted wanted{.noise_suppression = settings().noise_suppression,
                                  .agc = settings().agc};
    if (wanted == FrontEnd::Wanted{}) return frame;
    auto& s = *stream_;
    s.prepared.assign(frame.begin(), frame.end());
    s.front_end.run(wanted, s.prepared);
    return s.prepared;
  }

  // What the line says, not the caller.
  void listen(std::span<const std::int16_t, ToneDetector::frame_samples> frame) {
    auto& s = *stream_;
    if (const auto tone = s.tones.push(frame)) tell("line.tone", {{"tone", to_string(*tone)}});
    if (const auto plays = s.music.push(frame))
      tell("line.tone", {{"tone", *plays ? "music" : "music_over"}});
  }

  GstFlowReturn push(Nanos start, std::span<const std::int16_t> frame) {
    auto* out = gst::new_buffer(frame);
    GST_BUFFER_PTS(out) = GstClockTime(start.count());
    GST_BUFFER_DURATION(out) = GstClockTime(Framer::frame_time.count());
    return gst_pad_push(src_pad(), out);
  }

  void announce(const SpeechEdge& edge) {
    const Nanos at = stream_->end;
    const Nanos until = at - Framer::frame_time * edge.silent_frames;
    const auto voiced_ms = edge.voiced_frames * to_ms(Framer::frame_time);
    GST_CAT_INFO_OBJECT(log(), self(), "speech %s at %" GST_TIME_FORMAT,
                        edge.speech ? "starts" : "ends", GST_TIME_ARGS(GstClockTime(at.count())));
    if (edge.speech) {
      tell("speech.started", {});
      send_downstream(
          gst::structure("parley-vad", {{"speech", true}, {"running-time", at.count()}}));
    } else {
      tell("speech.stopped", {{"voiced_ms", voiced_ms}, {"voiced_until", to_us(until)}});
      send_downstream(gst::structure("parley-vad", {{"speech", false},
                                                    {"running-time", at.count()},
                                                    {"voiced-until", until.count()},
                                                    {"voiced-ms", voiced_ms}}));
    }
  }

  // EOS: what has begun ends, then everybody behind may finish.
  bool take_eos(gst::Ref<GstEvent> e) {
    if (stream_) {
      stream_->framer.pad();
      push_frames();
    }
    const std::vector<std::int16_t> silence(stream_ ? stream_->framer.frame_samples() : 0);
    while (stream_ && stream_->detector.in_speech()) {
      stream_->framer.push(Framer::no_time, silence);
      if (push_frames() != GST_FLOW_OK) break;
    }
    const bool taken = forward(std::move(e));
    const auto finished = [this] { return call().finished; };
    const Nanos limit = loop().now() + Nanos(1ms) * settings().tail_ms;
    if (!loop().pump_until(finished, limit) && loop().is_virtual()) {
      call().tail_over = true;
      loop().pump_until(finished, loop().now() + 5 * Framer::frame_time);
    }
    return taken;
  }

  std::optional<Stream> stream_;  // from the first caps on
  unsigned given_rate_ = 8000;    // of what comes
  GstSegment segment_{};
  std::int64_t patience_ms_ = 0;
  bool end_turn_ = false;
  std::string bad_line_;  // the element that must not be there
};

}  // namespace

GType vad_type() { return Vad::type(); }

}  // namespace parley
