// parleynetsim: a bad telephone line: audio in, what is left of it out.
//
//   PARLEY_TIME=virtual gst-launch-1.0 -m filesrc location=in.wav ! wavparse ! audioconvert !
//       audioresample ! audio/x-raw,rate=8000,channels=1 ! parleynetsim loss=10 burst=2 !
//       wavenc ! filesink location=out.wav
//
// Audio becomes RTP with a codec of your choice, crosses a network that loses, delays, doubles and
// reorders packets, and comes out of the receiver that every call has: jitter buffer, decoder,
// concealment. The same seed gives the same line. At the end the element message parley-netsim says
// what happened: sent, lost, reordered, duplicated, late, concealed-ms, concealed-percent. Events,
// keys among them, take no harm.
//
// Threads: the streaming thread, under the loop's gate.
#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"
#include "plugins/testkit/elements.hpp"
#include "plugins/testkit/line.hpp"

namespace parley::testkit {
namespace {

struct Settings {
  std::string codec = "PCMU";
  double loss = 0, burst = 1, reorder = 0, duplicate = 0, skew_ppm = 0;
  guint delay_ms = 0, jitter_ms = 0;
  guint64 seed = 1;
};

class NetsimElement final : public gst::Node<NetsimElement, Settings> {
 public:
  static constexpr gst::Description about{
      .type_name = "ParleyNetsim",
      .factory = "parleynetsim",
      .long_name = "A bad telephone line",
      .klass = "Filter/Effect/Audio",
      .description = "Sends audio as RTP over a simulated network and through a call's receiver"};
  static constexpr auto properties = std::tuple{
      gst::prop("codec", "PCMU, PCMA, G722, opus, L16 or AMR-WB", &Settings::codec),
      gst::prop("loss", "Percent of the packets that are lost", &Settings::loss, {0, 99}),
      gst::prop("burst", "How many are lost in a row, in the mean", &Settings::burst, {1, 100}),
      gst::prop("reorder", "Percent that arrive after the next one", &Settings::reorder, {0, 100}),
      gst::prop("duplicate", "Percent that arrive twice", &Settings::duplicate, {0, 100}),
      gst::prop("skew-ppm", "How slow the sender's clock is, in millionths", &Settings::skew_ppm,
                {-1000, 1000}),
      gst::prop("delay-ms", "Delay of every packet", &Settings::delay_ms, {0, 5000}),
      gst::prop("jitter-ms", "Delay on top, uniform from 0 to this", &Settings::jitter_ms,
                {0, 1000}),
      gst::prop("seed", "Of the network's dice", &Settings::seed, {0, G_MAXUINT64})};

  static void class_init(GstElementClass* k) { setup(k, gst::audio_caps, gst::audio_caps); }
  using Node::Node;

  void started() {
    const auto& s = settings();
    const auto map = map_of(s.codec);
    rate_ = map.codec().codec->decoded_rate(map.codec().params);
    in_rate_ = 8000;
    line_ = std::make_unique<Line>(
        NetSettings{.loss_percent = s.loss,
                    .burst_packets = s.burst,
                    .delay = 1ms * s.delay_ms,
                    .jitter = 1ms * s.jitter_ms,
                    .reorder_percent = s.reorder,
                    .duplicate_percent = s.duplicate,
                    .skew_ppm = s.skew_ppm,
                    .seed = s.seed},
        map, [this](Nanos start, std::span<const std::int16_t> samples, unsigned rate, bool leap) {
          push(start, samples, rate, leap);
        });
    waiting_.clear();
    end_.reset();
    flow_ = GST_FLOW_OK;
    out_ms_ = 0;
  }
  void stopped() { line_.reset(); }

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    const gst::Map map(buffer.get(), GST_MAP_READ);
    const auto samples = map.as<std::int16_t>();
    if (!end_)
      end_ = Nanos(
          GST_BUFFER_PTS_IS_VALID(buffer.get()) ? std::int64_t(GST_BUFFER_PTS(buffer.get())) : 0);
    waiting_.insert(waiting_.end(), samples.begin(), samples.end());
    const std::size_t frame_samples = in_rate_ / 50;
    std::size_t at = 0;
    for (; at + frame_samples <= waiting_.size() && flow_ == GST_FLOW_OK; at += frame_samples) {
      *end_ += 20ms;
      line_->send(*end_, std::span(waiting_).subspan(at, frame_samples), in_rate_);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + std::ptrdiff_t(at));
    return flow_;
  }

  bool event(gst::Ref<GstEvent> e) {
    if (GST_EVENT_TYPE(e.get()) == GST_EVENT_CAPS) return take_caps(e.get());
    if (GST_EVENT_TYPE(e.get()) == GST_EVENT_EOS) finish();
    return forward(std::move(e));
  }

 private:
  static rtp::PayloadMap map_of(const std::string& name) {
    for (const auto* codec : rtp::codecs()) {
      if (g_ascii_strcasecmp(std::string(codec->name).c_str(), name.c_str()) != 0) continue;
      const auto map = rtp::PayloadMap::parse(fmt::format(
          "{}={}/{};{}", codec->usual_type, codec->name, codec->clock_rate, codec->wants));
      if (!map) throw std::runtime_error("property codec: " + map.error());
      return *map;
    }
    throw std::runtime_error(fmt::format("property codec: {} is no codec of ours", name));
  }

  // What comes out has the codec's rate.
  bool take_caps(GstEvent* e) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(e, &caps);
    int rate = 0;
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "rate", &rate);
    in_rate_ = unsigned(rate);
    const auto out = gst::adopt(gst_caps_copy(caps));
    gst_caps_set_simple(out.get(), "rate", G_TYPE_INT, int(rate_), nullptr);
    return gst_pad_push_event(src_pad(), gst_event_new_caps(out.get()));
  }

  void push(Nanos start, std::span<const std::int16_t> samples, unsigned rate, bool leap) {
    if (flow_ != GST_FLOW_OK) return;
    auto* buffer = gst_buffer_new_memdup(samples.data(), samples.size_bytes());
    GST_BUFFER_PTS(buffer) = GstClockTime(start.count());
    GST_BUFFER_DURATION(buffer) = samples.size() * GST_SECOND / rate;
    if (leap) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    out_ms_ += 1000.0 * double(samples.size()) / rate;
    flow_ = gst_pad_push(src_pad(), buffer);
  }

  void finish() {
    line_->finish();
    const auto& network = line_->network();
    const auto in = line_->received();
    tell("netsim",
         {{"sent", network.sent},
          {"lost", network.lost},
          {"reordered", network.reordered},
          {"duplicated", network.duplicated},
          {"late", in.late},
          {"concealed-ms", in.concealed_ms},
          {"concealed-percent", out_ms_ > 0 ? 100 * double(in.concealed_ms) / out_ms_ : 0.0}});
  }

  std::unique_ptr<Line> line_;
  std::vector<std::int16_t> waiting_;  // less than a frame
  std::optional<Nanos> end_;           // of what was sent
  GstFlowReturn flow_ = GST_FLOW_OK;
  double out_ms_ = 0;
  unsigned in_rate_ = 8000, rate_ = 8000;
};

}  // namespace

GType netsim_type() { return NetsimElement::type(); }

}  // namespace parley::testkit
