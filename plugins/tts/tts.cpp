// parleytts: text in, speech out.
//
//   echo "Hello, the total is $350.75, due 12/5." | gst-launch-1.0 fdsrc ! text/x-raw,format=utf8 !
//       parleytts ! wavenc ! filesink location=out.wav
//   gst-launch-1.0 filesrc location=text.txt ! text/x-raw,format=utf8 ! parleytts voice=slt
//   rate=16000 !
//       audioconvert ! audioresample ! autoaudiosink
//
// Each text buffer is a sentence (OFFSET: the utterance; MARKER: its last sentence). A long one
// goes to the provider in pieces, cut where a voice may breathe, so that its first part is heard
// early; each piece counts as a sentence downstream. Ahead of a sentence's audio goes the event
// parley-words. The marker travels on the last audio of its sentence, or on an empty buffer when
// there is none, also when the provider failed: what waits for the end of an utterance must not
// wait for ever.
//
// The rate is what the element behind likes best, and rises when it comes to like a higher one: a
// call that becomes wideband is spoken to in wideband from the next sentence on.
//
// Sentences are spoken one after the other, in order. A flush forgets those that wait and the one
// at the provider. What a provider cannot do is told as provider.failed, and the next sentence
// follows.
//
// Threads: the call's loop; providers do slow work elsewhere.
#include "plugins/tts/tts.hpp"

#include <deque>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "plugins/agent/agent_cache.hpp"
#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/providers/tts.hpp"
#include "plugins/rtp/sounds.hpp"
#include "plugins/tts/clauses.hpp"

namespace parley::tts {
namespace {

constexpr std::size_t most_waiting = 4096;
constexpr Nanos reading = 20ms;        // of a recorded sentence, in virtual time
constexpr Nanos longest_tail = 3600s;  // of virtual time, at the end of the stream

struct Settings {
  std::string provider = "flite";
  std::string voice = "rms";
  guint rate = 0;
  double speed = 1;
  guint delay_ms = 0;
  std::string agent;
};

struct Sentence {
  guint64 utterance = GST_BUFFER_OFFSET_NONE;
  bool last = false;
  std::string text{};  // empty: only marks the end
  std::string clip{};  // the file that says it; empty: the provider does
};

std::string joined(const std::vector<std::size_t>& ends) {
  std::string text;
  for (const auto end : ends) text += (text.empty() ? "" : ",") + std::to_string(end);
  return text;
}

// What a file says, its words spread over it by their length.
SpeechRef recorded_speech(const std::string& text, std::vector<std::int16_t> samples) {
  Speech speech{.samples = std::move(samples)};
  std::istringstream words(text);
  std::size_t letters = 0, said = 0;
  for (std::string word; words >> word; letters += word.size()) speech.words.push_back(word);
  for (const auto& word : speech.words)
    speech.ends.push_back(speech.samples.size() * (said += word.size()) / letters);
  return std::make_shared<const Speech>(std::move(speech));
}

// The samples as a buffer that shares them with the provider's cache.
gst::Ref<GstBuffer> audio_buffer(const SpeechRef& speech) {
  if (!speech || speech->samples.empty()) return gst::adopt(gst_buffer_new());
  const auto size = speech->samples.size() * sizeof(std::int16_t);
  auto* data = const_cast<std::int16_t*>(speech->samples.data());  // read-only memory
  return gst::adopt(gst_buffer_new_wrapped_full(
      GST_MEMORY_FLAG_READONLY, data, size, 0, size, new SpeechRef(speech),
      [](gpointer p) { delete static_cast<SpeechRef*>(p); }));
}

class Tts final : public gst::Node<Tts, Settings> {
 public:
  static constexpr gst::Description about{
      "ParleyTts", "parleytts", "Speech synthesis", "Filter/Converter/Text/Audio",
      "Speaks each text buffer through a provider; says when each word ends"};
  static constexpr auto properties = std::tuple{
      gst::prop("provider", "Who speaks: flite (offline), scripted (a tone a word)",
                &Settings::provider),
      gst::prop("voice", "The provider's voice; flite: rms, slt, kal16", &Settings::voice),
      gst::prop(
          "rate",
          "Samples a second of the audio: 8000 or 16000; 0: what the element behind likes best",
          &Settings::rate, {0, 16000}),
      gst::prop("speed", "How fast, 1 is as the voice speaks by itself", &Settings::speed,
                {0.5, 2}),
      gst::prop("agent", "Path of an agent's file: its recorded sentences are played, not spoken",
                &Settings::agent),
      gst::prop("delay-ms", "Time the scripted provider takes for a sentence, in ms",
                &Settings::delay_ms, {0, 60000})};
  static void class_init(GstElementClass* k) { setup(k, gst::text_caps, gst::audio_caps); }
  using Node::Node;

  void started() {
    const auto& s = settings();
    provider_ = find_tts(s.provider);
    if (!provider_) throw std::runtime_error("no speech synthesis provider is named " + s.provider);
    if (s.rate != 0 && s.rate != 8000 && s.rate != 16000)
      throw std::runtime_error("rate must be 8000 or 16000, or 0 for either");
    clips_.clear();
    if (!s.agent.empty()) {
      const auto agent = cached_agent(s.agent);
      if (!agent) throw std::runtime_error(agent.error());
      clips_ = (*agent)->clips;
    }
    began_ = ended_ = false;
    flow_ = GST_FLOW_OK;
    next_pts_ = 0;
    forget();
  }
  void stopped() { forget(); }

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    begin();
    take(buffer.get());
    next();
    return flow_;
  }

  bool event(gst::Ref<GstEvent> e) {
    switch (GST_EVENT_TYPE(e.get())) {
      case GST_EVENT_STREAM_START:
      case GST_EVENT_CAPS:
      case GST_EVENT_TAG:
        return true;  // of the text; the audio has its own
      case GST_EVENT_SEGMENT:
        return began_ ? segment() : begin();
      case GST_EVENT_FLUSH_START:
        forget();
        ended_ = false;
        return forward(std::move(e));
      case GST_EVENT_FLUSH_STOP:
        forget();
        flow_ = GST_FLOW_OK;
        return forward(std::move(e));
      case GST_EVENT_EOS:
        return end();
      default:
        return forward(std::move(e));
    }
  }

 private:
  bool begin() {
    if (std::exchange(began_, true)) return true;
    rate_ = settings().rate ? settings().rate : liked_rate();
    start_stream("agent", caps_of(rate_));
    return true;
  }

  static const char* caps_of(unsigned rate) {
    return rate == 16000 ? "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=16000"
                         : "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=8000";
  }

  // Ahead of a sentence: nothing is on its way that has the old rate.
  void follow_rate() {
    if (settings().rate != 0 || rate_ == 16000 || liked_rate() <= rate_) return;
    rate_ = 16000;
    const auto caps = gst::adopt(gst_caps_from_string(caps_of(rate_)));
    forward(gst::adopt(gst_event_new_caps(caps.get())));
  }

  // parleyegress likes its codec's; who doesn't care gets 8 kHz.
  unsigned liked_rate() {
    const auto caps = gst::adopt(gst_pad_peer_query_caps(src_pad(), nullptr));
    const auto ours = gst::adopt(gst_caps_from_string(gst::audio_caps));
    auto* both = gst_caps_intersect_full(caps.get(), ours.get(), GST_CAPS_INTERSECT_FIRST);
    if (gst_caps_is_empty(both)) {
      gst_caps_unref(both);
      return 8000;
    }
    both = gst_caps_fixate(both);
    int rate = 8000;
    gst_structure_get_int(gst_caps_get_structure(both, 0), "rate", &rate);
    gst_caps_unref(both);
    return unsigned(rate);
  }

  bool segment() {  // a flush has removed it
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    return forward(gst::adopt(gst_event_new_segment(&segment)));
  }

  bool end() {
    ended_ = true;
    finish();
    // Without an element ahead that pumps, virtual time must go on from here.
    loop().pump_until([this] { return !ended_; }, loop().now() + longest_tail);
    return true;
  }

  void finish() {  // the end of the stream, once all has been said
    if (!ended_ || busy_ || !waiting_.empty()) return;
    ended_ = false;
    begin();
    forward(gst::adopt(gst_event_new_eos()));
  }

  void forget() {
    ++generation_;
    busy_ = false;
    stream_.reset();
    waiting_.clear();
  }

  void take(GstBuffer* buffer) {
    const gst::Map map(buffer, GST_MAP_READ);
    const auto chars = map.as<char>();
    const bool last = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_MARKER);
    const auto clip = clips_.find(std::string(chars.data(), chars.size()));
    const bool recorded = clip != clips_.end();
    auto pieces = recorded ? std::vector{clip->first} : clauses({chars.data(), chars.size()});
    if (pieces.empty() && last) pieces.emplace_back();
    if (waiting_.size() + pieces.size() > most_waiting) {
      failed({.what = "too many sentences wait to be spoken; this one is left out"});
      pieces.clear();
      if (last) pieces.emplace_back();
    }
    for (std::size_t i = 0; i < pieces.size(); ++i)
      waiting_.push_back({GST_BUFFER_OFFSET(buffer), last && i + 1 == pieces.size(),
                          std::move(pieces[i]), recorded ? clip->second : std::string()});
  }

  // One sentence at a time. What is pushed may bring new text or a flush before the push returns.
  void next() {
    while (!busy_ && !waiting_.empty()) {
      busy_ = true;
      follow_rate();
      const auto sentence = std::move(waiting_.front());
      waiting_.pop_front();
      if (sentence.text.empty()) {
        push(sentence, nullptr);
        continue;
      }
      if (sentence.clip.empty() || !read(sentence)) ask(sentence);
    }
    finish();
  }

  void ask(const Sentence& sentence) {
    const auto& s = settings();
    const TtsOptions options{
        .voice = s.voice, .rate = rate_, .speed = s.speed, .delay = Nanos(1ms) * s.delay_ms};
    stream_ = provider_->ask(loop().shared_from_this(), options, sentence.text,
                             [this, sentence](TtsResult result) { spoken(sentence, result); });
  }

  // A recorded sentence: a worker reads the file. False: the workers are too busy.
  bool read(const Sentence& sentence) {
    return job(gst::default_workers(), reading,
               [this, sentence, rate = rate_, generation = generation_]() -> Loop::Task {
                 const auto sound = load_sound({.path = sentence.clip, .rate = rate});
                 SpeechRef speech;
                 if (sound) speech = recorded_speech(sentence.text, **sound);
                 return [this, sentence, generation, speech,
                         why = sound ? std::string() : sound.error()] {
                   if (generation != generation_) return;
                   if (speech) return spoken(sentence, speech);
                   failed({.what = why + "; its text is spoken"});
                   ask(sentence);
                 };
               });
  }

  void spoken(const Sentence& sentence, const TtsResult& result) {
    const auto generation = generation_;
    const auto* speech = std::get_if<SpeechRef>(&result);
    if (!speech) failed(std::get<Failure>(result));
    push(sentence, speech ? *speech : nullptr);
    if (generation == generation_) stream_.reset();
    next();
  }

  void push(const Sentence& sentence, const SpeechRef& speech) {
    const auto generation = generation_;
    if (speech) announce(sentence, *speech);
    if (generation == generation_ && (sentence.last || (speech && !speech->samples.empty())))
      push_audio(sentence, speech);
    if (generation == generation_) busy_ = false;
  }

  void announce(const Sentence& sentence, const Speech& speech) {
    const auto number = sentence.utterance == GST_BUFFER_OFFSET_NONE ? 0 : sentence.utterance;
    send_downstream(gst::structure("parley-words", {{"utterance", number},
                                                    {"text", sentence.text},
                                                    {"words", speech.words},
                                                    {"ends", joined(speech.ends)}}));
  }

  void push_audio(const Sentence& sentence, const SpeechRef& speech) {
    auto buffer = audio_buffer(speech);
    const auto samples = speech ? speech->samples.size() : 0;
    GST_BUFFER_OFFSET(buffer.get()) = sentence.utterance;
    if (sentence.last) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_MARKER);
    GST_BUFFER_PTS(buffer.get()) = next_pts_ = std::max(next_pts_, running_time());
    GST_BUFFER_DURATION(buffer.get()) = samples * GST_SECOND / rate_;
    next_pts_ += GST_BUFFER_DURATION(buffer.get());
    const auto generation = generation_;
    const auto flow = gst_pad_push(src_pad(), buffer.release());
    if (generation == generation_) flow_ = flow;
  }

  void failed(const Failure& failure) {
    tell("provider.failed", {{"kind", "tts"},
                             {"provider", std::string(provider_->name)},
                             {"detail", failure.what},
                             {"retry", failure.retry}});
  }

  const TtsProvider* provider_ = nullptr;
  std::map<std::string, std::string> clips_;  // a sentence, and the file that says it
  guint rate_ = 8000;
  std::deque<Sentence> waiting_;
  std::unique_ptr<TtsStream> stream_;
  bool busy_ = false;   // a sentence is at the provider or being pushed
  bool began_ = false;  // stream-start, caps and segment are out
  bool ended_ = false;  // EOS came and is held
  unsigned generation_ = 0;
  GstFlowReturn flow_ = GST_FLOW_OK;
  GstClockTime next_pts_ = 0;
};

}  // namespace

GType element_type() { return Tts::type(); }

}  // namespace parley::tts
