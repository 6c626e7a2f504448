// parleyrecord: records the call that passes through: the caller left, the agent right.
//
//   gst-launch-1.0 -e parleyingress port=5004 ! parleyvad ! parleyrecord path=call.wav !
//       parleyegress                                            (an echo, and what it sounded like)
//
// A tap: audio and events pass as they are. The agent's side is what egress sent (GstContext
// "parley.call"). Every second a block goes to the disk's own threads, which write it; a disk that
// is slow costs silence in the file, one that is full ends the recording, and the call goes on
// either way. `paused` makes silence of both sides while it is set, from the last frame that was
// not. The file begins when the stream does, and is told by recording.started, whose moment is its
// first sample.
//
// Threads: the call's loop.
#include "plugins/record/record.hpp"

#include <gst/audio/audio.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "plugins/dsp/rate_changer.hpp"
#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/record/recorder.hpp"
#include "plugins/record/timeline.hpp"

namespace parley::record {
namespace {

constexpr Nanos behind = 200ms;  // what is written: by then all of it is here
constexpr Nanos step = 200ms;
constexpr Nanos block = 1s;

struct Settings {
  std::string path;
  std::string format = "wav";
  bool paused = false;
};

class Record final : public gst::Node<Record, Settings> {
 public:
  static constexpr gst::Description about{
      .type_name = "ParleyRecord",
      .factory = "parleyrecord",
      .long_name = "Records a call",
      .klass = "Filter/Audio",
      .description = "Writes what passes (left) and what the agent says (right) to a file"};
  static constexpr auto properties = std::tuple{
      gst::prop("path", "The file, which must not be there yet; empty: nothing is recorded",
                &Settings::path),
      gst::prop("format", "wav or opus (in Ogg)", &Settings::format),
      gst::prop("paused", "While true, silence is recorded in place of both sides",
                &Settings::paused)};

  static void class_init(GstElementClass* k) { setup(k, gst::audio_caps, gst::audio_caps); }
  explicit Record(GstElement* element) : Node(element) { GST_PAD_SET_PROXY_CAPS(sink_pad()); }

  void started() {
    const auto format = format_of(settings().format);
    if (!format) throw std::runtime_error("property format: " + format.error());
    format_ = *format;
    gst_segment_init(&segment_, GST_FORMAT_TIME);
    caller_rate_ = 0;
    begun_ = over_ = false;
  }

  void playing() { begin(); }

  void stopped() {
    if (begun_ && !over_ && !recorder_) open();
    if (recorder_) finish();
  }

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    begin();
    if (begun_ && !over_) take_caller(buffer.get());
    return gst_pad_push(src_pad(), buffer.release());
  }

  bool event(gst::Ref<GstEvent> e) {
    if (GST_EVENT_TYPE(e.get()) == GST_EVENT_CAPS) take_caps(e.get());
    if (GST_EVENT_TYPE(e.get()) == GST_EVENT_SEGMENT) gst_event_copy_segment(e.get(), &segment_);
    return forward(std::move(e));
  }

 private:
  Nanos here() const { return loop().now() - origin_; }  // on the recording's time

  void begin() {
    if (begun_ || settings().path.empty()) return;
    begun_ = true;
    origin_ = loop().now();
    looked_ = Nanos(0);
    tell("recording.started", {{"path", settings().path}, {"format", settings().format}});
    timer_ = after(step, [this] { tick(); });
  }

  // At the first sound: then the rate is known.
  void open() {
    const auto rate = caller_rate_ ? caller_rate_ : call().sent.rate() ? call().sent.rate() : 8000;
    timeline_.emplace(rate);
    block_.clear();
    from_caller_ = {};
    from_agent_ = {};
    recorder_ = std::make_unique<Recorder>(
        Recorder::Target{.path = settings().path, .format = format_, .rate = rate},
        [this](Strand& strand, Recorder::Work work) {
          return job(strand, Nanos(0), [this, work = std::move(work)]() -> Loop::Task {
            auto why = work();
            if (why.empty()) return {};
            return [this, why = std::move(why)] { failed(why); };
          });
        });
  }

  void take_caps(GstEvent* e) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(e, &caps);
    int rate = 0;
    if (gst_structure_get_int(gst_caps_get_structure(caps, 0), "rate", &rate))
      caller_rate_ = unsigned(rate);
  }

  void take_caller(GstBuffer* buffer) {
    if (!recorder_) open();
    look();
    if (caller_rate_ == 0 || !GST_BUFFER_PTS_IS_VALID(buffer)) return;
    const auto start =
        gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (!GST_CLOCK_TIME_IS_VALID(start)) return;
    const gst::Map map(buffer, GST_MAP_READ);
    timeline_->caller(
        here(), moment(start) - call().caller_lead - origin_,
        from_caller_.convert(map.as<std::int16_t>(), caller_rate_, timeline_->rate()));
  }

  // A change of `paused`, as early as it can have happened when it begins: nothing that was to be
  // left out is in.
  void look() {
    const bool wanted = settings().paused;
    if (wanted != timeline_->paused()) {
      const auto at = wanted ? looked_ : here();
      if (wanted)
        timeline_->pause(at);
      else
        timeline_->resume(at);
      const std::int64_t at_ms = to_ms(at);
      if (wanted)
        tell("recording.paused", {{"position_ms", at_ms}});
      else
        tell("recording.resumed", {{"position_ms", at_ms}});
    }
    looked_ = here();
  }

  void tick() {
    timer_ = after(step, [this] { tick(); });
    if (!recorder_) open();
    look();
    collect(here() - behind);
    if (block_.size() >= 2 * std::size_t(timeline_->rate() * (block / 1s)))
      recorder_->write(std::exchange(block_, {}));
  }

  void collect(Nanos until) {
    if (block_.empty()) block_.reserve(2 * std::size_t(timeline_->rate() * (block + step) / 1s));
    timeline_->take(
        until, [this](Nanos from, std::span<std::int16_t> out) { agent(from, out); }, block_);
  }

  void agent(Nanos from, std::span<std::int16_t> out) {
    const auto& sent = call().sent;
    const auto rate = timeline_->rate();
    const auto given = sent.rate() ? sent.rate() : rate;
    std::vector<std::int16_t> other(out.size() * given / rate);
    sent.get(origin_ + from, given, other);
    const auto mine = from_agent_.convert(other, given, rate);
    std::copy_n(mine.begin(), std::min(mine.size(), out.size()), out.begin());
  }

  void failed(const std::string& why) {
    if (over_) return;
    tell("recording.failed", {{"detail", why}});
    finish();
  }

  void finish() {
    loop().cancel(std::exchange(timer_, 0));
    over_ = true;
    look();
    collect(here());
    recorder_->write(std::exchange(block_, {}));
    tell("recording.finished",
         {{"path", recorder_->target().path},
          {"duration_ms", to_ms(timeline_->length())},
          {"silenced_ms", to_ms(timeline_->silenced())},
          {"lost_ms", std::int64_t(recorder_->lost() * 1000 / timeline_->rate())},
          {"late_ms", std::int64_t(timeline_->late() * 1000 / timeline_->rate())}});
    recorder_.reset();
    timeline_.reset();
  }

  Format format_ = Format::wav;
  GstSegment segment_{};
  unsigned caller_rate_ = 0;  // 0: no caps yet
  Nanos origin_{0};           // the loop's moment of the first sample
  Nanos looked_{0};           // when `paused` was last looked at
  std::optional<Timeline> timeline_;
  std::unique_ptr<Recorder> recorder_;
  RateChanger from_caller_, from_agent_;
  std::vector<std::int16_t> block_;  // taken, not yet given to the disk
  Loop::TimerId timer_ = 0;
  bool begun_ = false;
  bool over_ = false;
};

}  // namespace

GType element_type() { return Record::type(); }

}  // namespace parley::record
