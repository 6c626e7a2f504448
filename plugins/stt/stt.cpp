// parleystt: turns the speech that parleyvad found into text.
//
//   PARLEY_TIME=virtual gst-launch-1.0 -m filesrc location=in.wav ! wavparse ! audioconvert !
//       audioresample ! parleyvad ! parleystt ! fakesink
//
// Audio and "parley-vad" in; out, for each utterance: "parley-partial" while it lasts, then
// "parley-final" and a text buffer, whose text is empty when what was said answers nothing that was
// expected. Audio that becomes wideband in the middle of a call is heard as such from the next
// utterance on. What is expected comes from behind by "parley-expect". A provider that fails is
// told as "parley-provider.failed", and the utterance ends in an empty text.
//
// Threads: all on the loop; providers run elsewhere (channel.hpp).

#include "plugins/stt/stt.hpp"

#include <gst/audio/audio.h>

#include <deque>
#include <optional>
#include <vector>

#include "plugins/dsp/rate_changer.hpp"
#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/stt/channel.hpp"

namespace parley {
namespace {

constexpr Nanos pre_roll = 300ms;  // speech is noticed late: what was just before belongs to it
constexpr Nanos longest_utterance = 30s;  // then what was heard so far is a final

struct SttSettings {
  std::string provider = "pocketsphinx";
  std::string script{};
  guint delay_ms = 0;
  guint max_utterances = 0;
};

std::string provider_names() {
  std::string all;
  for (const auto* p : stt_providers()) all += (all.empty() ? "" : ", ") + std::string(p->name);
  return all;
}

class Stt final : public gst::Node<Stt, SttSettings> {
 public:
  static constexpr gst::Description about{
      .type_name = "ParleyStt",
      .factory = "parleystt",
      .long_name = "Parley speech to text",
      .klass = "Converter/Audio/Text",
      .description =
          "Turns the utterances that parleyvad found into text by the provider of choice"};

  static constexpr auto properties = std::tuple{
      gst::prop(
          "provider",
          "Who recognises: pocketsphinx (on this machine, no network) or scripted (hears what "
          "its script says)",
          &SttSettings::provider),
      gst::prop("script", "For scripted: what is heard, utterance by utterance, separated by '|'",
                &SttSettings::script),
      gst::prop("delay-ms",
                "For scripted: time from the end of speech to its text, in milliseconds",
                &SttSettings::delay_ms, {0, 10000}),
      gst::prop("max-utterances",
                "Utterances recognised at once in this process; one more fails. 0: as many as the "
                "provider says",
                &SttSettings::max_utterances, {0, 100000})};

  static void class_init(GstElementClass* k) { setup(k, gst::audio_caps, gst::text_caps); }
  using Node::Node;

  void started() {
    rate_ = 0;
    eos_ = false;
    expectation_ = {};
    forget();
  }
  void stopped() {
    channel_.reset();
    forget();
  }

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    if (!channel_) return GST_FLOW_NOT_NEGOTIATED;
    const gst::Map map(buffer.get(), GST_MAP_READ);
    const auto samples = heard_as_.convert(map.as<std::int16_t>(), given_rate_, rate_);
    if (!speaking_) {
      remember(samples);
      return flow_;
    }
    channel_->audio(samples);
    heard_ += samples.size();
    if (heard_ >= samples_of(longest_utterance)) cut();
    return flow_;
  }

  bool event(gst::Ref<GstEvent> e) {
    switch (GST_EVENT_TYPE(e.get())) {
      case GST_EVENT_CAPS:
        return take_caps(e.get());
      case GST_EVENT_FLUSH_STOP:
        if (channel_) channel_->abandon();
        forget();
        if (channel_) follow_rate();
        flow_ = GST_FLOW_OK;
        eos_ = false;
        return forward(std::move(e));
      case GST_EVENT_EOS:
        if (speaking_) end(running_time());
        eos_ = true;
        drained();
        return true;
      case GST_EVENT_CUSTOM_DOWNSTREAM:
        if (gst_event_has_name(e.get(), "parley-vad")) return take_vad(std::move(e));
        [[fallthrough]];
      default:
        return forward(std::move(e));
    }
  }

  bool upstream_event(gst::Ref<GstEvent> e) {
    if (gst_event_has_name(e.get(), "parley-expect")) {
      const auto* s = gst_event_get_structure(e.get());
      expectation_ = {gst::get_list(s, "kinds"), gst::get_list(s, "phrases"),
                      gst::get_text(s, "grammar")};
      if (channel_) channel_->expect(expectation_);
    }
    return Node::upstream_event(std::move(e));
  }

 private:
  struct Span {  // of an utterance, in running time
    GstClockTime start = 0, end = 0;
  };

  std::size_t samples_of(Nanos time) const {
    return std::size_t(std::int64_t(rate_) * time.count() / 1'000'000'000);
  }

  bool take_caps(GstEvent* e) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(e, &caps);
    GstAudioInfo info;
    if (!gst_audio_info_from_caps(&info, caps)) return false;
    given_rate_ = unsigned(GST_AUDIO_INFO_RATE(&info));
    if (!channel_) {
      rate_ = given_rate_;
      if (!open()) return false;
    }
    follow_rate();
    const auto text = gst::adopt(gst_caps_from_string(gst::text_caps));
    return forward(gst::adopt(gst_event_new_caps(text.get())));
  }

  bool open() {
    const auto& s = settings();
    const auto* provider = find_stt(s.provider);
    if (!provider) {
      GST_ELEMENT_ERROR(self(), RESOURCE, SETTINGS,
                        ("There is no speech recognition named \"%s\"; there is: %s.",
                         s.provider.c_str(), provider_names().c_str()),
                        (nullptr));
      return false;
    }
    forget();
    provider_ = provider->name;
    const SttOptions options{rate_, s.script, Nanos(1ms) * s.delay_ms};
    channel_ = std::make_unique<SttChannel>(loop().shared_from_this(), gst::default_workers(),
                                            *provider, options, s.max_utterances,
                                            [this](SttResult r) { take(std::move(r)); });
    channel_->expect(expectation_);
    return true;
  }

  // Not in the middle of an utterance.
  void follow_rate() {
    if (speaking_ || given_rate_ == rate_) return;
    RateChanger other;
    const auto before = other.convert(before_, rate_, given_rate_);
    before_.assign(before.begin(), before.end());
    rate_ = given_rate_;
    channel_->set_rate(rate_);
  }

  void forget() {
    speaking_ = false;
    before_.clear();
    spoken_.clear();
    partial_.clear();
    heard_ = 0;
  }

  void remember(std::span<const std::int16_t> samples) {
    before_.insert(before_.end(), samples.begin(), samples.end());
    if (const auto most = samples_of(pre_roll); before_.size() > 2 * most)
      before_.erase(before_.begin(), before_.end() - std::ptrdiff_t(most));
  }

  bool take_vad(gst::Ref<GstEvent> e) {
    const auto* s = gst_event_get_structure(e.get());
    const bool speech = gst::get_bool(s, "speech");
    const auto at = GstClockTime(gst::get_int(s, "running-time"));
    const auto until = GstClockTime(gst::get_int(s, "voiced-until"));
    const bool passed = forward(std::move(e));  // who is behind knows of it before its text
    if (channel_ && speech && !speaking_) begin(at);
    if (channel_ && !speech && speaking_) end(until);
    return passed;
  }

  void begin(GstClockTime at) {
    speaking_ = true;
    start_ = at;
    heard_ = 0;
    partial_.clear();
    const auto most = std::min(before_.size(), samples_of(pre_roll));
    channel_->audio(std::span(before_).last(most));
    before_.clear();
  }

  void end(GstClockTime until) {
    speaking_ = false;
    spoken_.push_back({start_, std::max(start_, until)});
    channel_->end_of_speech();
    follow_rate();
  }

  void cut() {
    const auto now = running_time();
    end(now);
    begin(now);
  }

  void take(SttResult result) {
    std::visit([this](auto&& r) { take_one(r); }, result);
    drained();
  }

  void take_one(const SttPartial& p) {
    if (p.text == partial_) return;
    partial_ = p.text;
    tell("transcript.partial", {{"text", p.text}});
    send_downstream(gst::structure("parley-partial", {{"text", p.text}}));
  }

  void take_one(const SttWarning& w) { tell_failure(w.what, false); }

  void take_one(const Failure& f) {
    tell_failure(f.what, f.retry);
    take_one(SttFinal{.text = "", .confidence = 0, .rejected = true});
  }

  void take_one(const SttFinal& f) {
    tell("transcript.final",
         {{"text", f.text}, {"confidence", f.confidence}, {"rejected", f.rejected}});
    send_downstream(
        gst::structure("parley-final",
                       {{"text", f.text}, {"confidence", f.confidence}, {"rejected", f.rejected}}));
    const auto span = spoken_.empty() ? Span{} : spoken_.front();
    if (!spoken_.empty()) spoken_.pop_front();
    auto* buffer =
        f.text.empty() ? gst_buffer_new() : gst_buffer_new_memdup(f.text.data(), f.text.size());
    GST_BUFFER_PTS(buffer) = span.start;
    GST_BUFFER_DURATION(buffer) = span.end - span.start;
    flow_ = gst_pad_push(src_pad(), buffer);
  }

  void tell_failure(const std::string& what, bool retry) {
    tell("provider.failed", {{"kind", "stt"},
                             {"provider", std::string(provider_)},
                             {"detail", what},
                             {"retry", retry}});
  }

  void drained() {
    if (!eos_ || (channel_ && channel_->unanswered())) return;
    eos_ = false;
    forward(gst::adopt(gst_event_new_eos()));
  }

  unsigned rate_ = 0;        // of what the provider hears
  unsigned given_rate_ = 0;  // of what comes
  RateChanger heard_as_;
  std::unique_ptr<SttChannel> channel_;
  std::string_view provider_;
  SttExpectation expectation_;
  std::vector<std::int16_t> before_;  // the pre-roll, and at most as much again
  bool speaking_ = false;
  GstClockTime start_ = 0;
  std::size_t heard_ = 0;    // samples since the utterance began
  std::deque<Span> spoken_;  // utterances whose text is still to come
  std::string partial_;
  GstFlowReturn flow_ = GST_FLOW_OK;  // what the last text was answered with
  bool eos_ = false;
};

}  // namespace

GType stt_type() { return Stt::type(); }

}  // namespace parley
