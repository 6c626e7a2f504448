// parleyassert: lets everything through, and fails the line at its end when it was not as expected.
//
//   ... ! parleystt ! parleyassert heard="alice" events="parley-vad,parley-final" ! parleyturn ...
//   ... ! parleyegress ! parleyassert min-voiced-ms=1000 max-silence-ms=4000 ! fakesink
//   ... ! parleynetsim loss=5 ! parleyassert reference=clean.wav min-snr-db=20 ! fakesink
//
// Where it stands decides what it sees: audio, texts, and the named events that pass it in either
// direction. An expectation that is not met is an error with a sentence for each, so gst-launch-1.0
// ends with 1. The element message parley-assert says what was seen either way: duration-ms,
// voiced-ms, longest-silence-ms, heard, events, keys, and snr-db and shift-ms with a reference.
//
// Threads: the streaming thread, under the loop's gate.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
#include <stdexcept>

#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/testkit/elements.hpp"
#include "plugins/testkit/expectations.hpp"
#include "plugins/testkit/segmental_snr.hpp"
#include "plugins/testkit/wav.hpp"

namespace parley::testkit {
namespace {

constexpr auto any_caps =
    "audio/x-raw, format=S16LE, layout=interleaved, channels=1, rate={8000, 16000}; "
    "text/x-raw, format=utf8";

struct Settings {
  std::string heard, events, keys, reference;
  guint min_duration_ms = 0, max_duration_ms = 0, min_voiced_ms = 0, max_silence_ms = 0;
  gint max_voiced_ms = -1;
  double min_snr_db = -100;
};

class AssertElement final : public gst::Node<AssertElement, Settings> {
 public:
  static constexpr gst::Description about{
      .type_name = "ParleyAssert",
      .factory = "parleyassert",
      .long_name = "Fails a line that is not as expected",
      .klass = "Debug",
      .description = "Compares what passes with what was expected: words, events, sound, silence"};
  static constexpr auto properties = std::tuple{
      gst::prop("heard", "A regular expression that the texts must hold", &Settings::heard),
      gst::prop("events", "Events that must pass in this order, with commas; !name must not",
                &Settings::events),
      gst::prop("keys", "The keys that must be pressed, exactly", &Settings::keys),
      gst::prop("min-duration-ms", "Least length of the audio", &Settings::min_duration_ms,
                {0, 86400000}),
      gst::prop("max-duration-ms", "Greatest length of the audio; 0: any",
                &Settings::max_duration_ms, {0, 86400000}),
      gst::prop("min-voiced-ms", "How much of it must be sound", &Settings::min_voiced_ms,
                {0, 86400000}),
      gst::prop("max-voiced-ms", "How much of it may be sound; -1: all", &Settings::max_voiced_ms,
                {-1, 86400000}),
      gst::prop("max-silence-ms", "The longest silence; 0: any", &Settings::max_silence_ms,
                {0, 86400000}),
      gst::prop("reference", "A WAV file with what the audio should be", &Settings::reference),
      gst::prop("min-snr-db", "Least segmental SNR against it", &Settings::min_snr_db, {-100, 35})};

  static void class_init(GstElementClass* k) { setup(k, any_caps, any_caps); }
  explicit AssertElement(GstElement* element) : Node(element) {
    GST_PAD_SET_PROXY_CAPS(sink_pad());
    GST_PAD_SET_PROXY_CAPS(src_pad());
  }

  void started() {
    observed_.emplace();
    rate_ = 0;
    reference_.reset();
    if (settings().reference.empty()) return;
    auto wav = caller::read_wav(settings().reference);
    if (!wav) throw std::runtime_error("property reference: " + wav.error());
    if (wav->channels != 1) throw std::runtime_error("property reference: one channel is needed");
    reference_ = *std::move(wav);
  }

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    observe(buffer.get());
    return gst_pad_push(src_pad(), buffer.release());
  }

  bool event(gst::Ref<GstEvent> e) {
    note(e.get());
    if (GST_EVENT_TYPE(e.get()) == GST_EVENT_CAPS) take_caps(e.get());
    if (GST_EVENT_TYPE(e.get()) == GST_EVENT_EOS) judge();
    return forward(std::move(e));
  }

  bool upstream_event(gst::Ref<GstEvent> e) {
    note(e.get());
    return gst_pad_event_default(src_pad(), GST_OBJECT(self()), e.release());
  }

 private:
  void observe(GstBuffer* buffer) {
    const gst::Map map(buffer, GST_MAP_READ);
    if (rate_) {
      const auto pts = GST_BUFFER_PTS(buffer);
      observed_->audio(Nanos(GST_CLOCK_TIME_IS_VALID(pts) ? std::int64_t(pts) : 0),
                       map.as<std::int16_t>(), rate_);
    } else if (const auto text = map.as<char>(); !text.empty()) {
      observed_->text({text.data(), text.size()});
    }
  }

  void take_caps(GstEvent* e) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(e, &caps);
    const auto* s = gst_caps_get_structure(caps, 0);
    int rate = 0;
    rate_ = gst_structure_get_int(s, "rate", &rate) ? unsigned(rate) : 0;
  }

  void note(GstEvent* e) {
    if (GST_EVENT_TYPE(e) == GST_EVENT_FLUSH_START) observed_->event("flush");
    const auto* s = gst_event_get_structure(e);
    const std::string name = s ? gst_structure_get_name(s) : "";
    if (!name.starts_with("parley-")) return;
    observed_->event(name);
    if (name == "parley-dtmf") observed_->key(gst::get_text(s, "digit"));
  }

  std::optional<SegmentalSnr> compare() const {
    if (!reference_) return {};
    return segmental_snr(reference_->samples, observed_->samples(), observed_->rate());
  }

  void judge() {
    const auto& s = settings();
    auto all = missed({.heard = s.heard,
                       .events = s.events,
                       .keys = s.keys,
                       .min_duration_ms = s.min_duration_ms,
                       .max_duration_ms = s.max_duration_ms,
                       .min_voiced_ms = s.min_voiced_ms,
                       .max_voiced_ms = s.max_voiced_ms,
                       .max_silence_ms = s.max_silence_ms},
                      *observed_);
    const auto snr = compare();
    if (reference_ && !snr) all.emplace_back("the reference holds nothing to hear");
    if (snr && snr->db < s.min_snr_db)
      all.push_back(
          fmt::format("segmental SNR: {:.1f} dB, less than {:.1f}", snr->db, s.min_snr_db));
    tell("assert", {{"duration-ms", to_ms(observed_->duration())},
                    {"voiced-ms", to_ms(observed_->voiced())},
                    {"longest-silence-ms", to_ms(observed_->longest_silence())},
                    {"heard", observed_->heard()},
                    {"events", observed_->events()},
                    {"keys", observed_->keys()},
                    {"snr-db", snr ? snr->db : 0.0},
                    {"shift-ms", snr ? snr->shift_samples * 1000 / observed_->rate() : 0},
                    {"missed", all}});
    if (all.empty()) return;
    const auto sentence = fmt::format("{}", fmt::join(all, "; "));
    GST_ELEMENT_ERROR(self(), STREAM, FAILED, ("Not as expected: %s.", sentence.c_str()),
                      (nullptr));
  }

  std::optional<Observed> observed_;  // from PAUSED on
  std::optional<caller::Wav> reference_;
  unsigned rate_ = 0;  // 0: text
};

}  // namespace

GType assert_type() { return AssertElement::type(); }

}  // namespace parley::testkit
