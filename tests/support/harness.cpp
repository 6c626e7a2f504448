#include "tests/support/harness.hpp"

#include <cmath>

#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/node.hpp"

namespace parley::test {
namespace {

GstStaticPadTemplate in_front =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate behind =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

GstElement* parse(const std::string& line) {
  return gst_parse_bin_from_description_full(line.c_str(), TRUE, nullptr,
                                             GST_PARSE_FLAG_NO_SINGLE_ELEMENT_BINS, nullptr);
}

// In a bin of its own: GstHarness links every pad that it sees.
GstElement* parse_sink(const std::string& line) {
  auto* bin = gst_parse_bin_from_description(line.c_str(), FALSE, nullptr);
  const auto pad = gst::adopt(gst_bin_find_unlinked_pad(GST_BIN(bin), GST_PAD_SINK));
  gst_element_add_pad(bin, gst_ghost_pad_new("sink", pad.get()));
  return bin;
}

bool has_pad(GstElement* element, const char* name) {
  return bool(gst::adopt(gst_element_get_static_pad(element, name)));
}

}  // namespace

Harness::Harness(const std::string& line, const Options& options)
    : loop_(SimLoop::make()), call_(std::make_shared<CallMedia>()), h_(gst_harness_new_empty()) {
  auto* element = options.behind ? parse(line) : parse_sink(line);
  g_assert(element);
  gst_element_set_context(element, gst::make_context<Loop>(loop_).get());
  gst_element_set_context(element, gst::make_context(call_).get());
  bus_ = gst_bus_new();
  gst_element_set_bus(element, bus_);
  if (options.prepare) options.prepare(loop_, *call_);
  const bool sink = has_pad(element, "sink"), src = has_pad(element, "src");
  gst_harness_add_element_full(h_, element, sink ? &in_front : nullptr, sink ? "sink" : nullptr,
                               src ? &behind : nullptr, src ? "src" : nullptr);
  gst_object_unref(element);
  if (sink) gst_harness_set_src_caps_str(h_, options.caps);
  if (const auto parsed = gst::adopt(gst_caps_from_string(options.caps))) {
    int rate = 0;
    if (gst_structure_get_int(gst_caps_get_structure(parsed.get(), 0), "rate", &rate))
      rate_ = unsigned(rate);
  }
}

Harness::~Harness() {
  gst_element_set_bus(h_->element, nullptr);
  gst_harness_teardown(h_);
  gst_object_unref(bus_);
}

GstFlowReturn Harness::push(std::span<const std::int16_t> samples) {
  auto* buffer = gst_buffer_new_memdup(samples.data(), samples.size_bytes());
  GST_BUFFER_PTS(buffer) = pts_;
  GST_BUFFER_DURATION(buffer) = samples.size() * GST_SECOND / rate_;
  pts_ += GST_BUFFER_DURATION(buffer);
  return gst_harness_push(h_, buffer);
}

GstFlowReturn Harness::push_tone(int ms, double hz, int level) {
  GstFlowReturn flow = GST_FLOW_OK;
  std::vector<std::int16_t> frame(rate_ / 50);
  for (int done = 0; done < ms && flow == GST_FLOW_OK; done += 20) {
    const double start = double(pts_) / GST_SECOND;
    for (std::size_t i = 0; i < frame.size(); ++i)
      frame[i] = std::int16_t(level * std::sin(2 * M_PI * hz * (start + double(i) / rate_)));
    flow = push(frame);
  }
  return flow;
}

GstFlowReturn Harness::push_silence(int ms) { return push_tone(ms, 0, 0); }

GstFlowReturn Harness::push_text(const std::string& text) {
  auto* buffer = text.empty() ? gst_buffer_new() : gst_buffer_new_memdup(text.data(), text.size());
  GST_BUFFER_PTS(buffer) = GstClockTime(loop_->now().count());
  return gst_harness_push(h_, buffer);
}

bool Harness::push_event(GstStructure* s) {
  return gst_harness_push_event(h_, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, s));
}

bool Harness::push_upstream(GstStructure* s) {
  Gate gate(*loop_);
  return gst_harness_push_upstream_event(h_, gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, s));
}

void Harness::advance(Nanos time) { loop_->pump_to(loop_->now() + time); }

std::vector<std::int16_t> Harness::audio() {
  std::vector<std::int16_t> all;
  while (auto buffer = gst::adopt(gst_harness_try_pull(h_))) {
    const gst::Map map(buffer.get(), GST_MAP_READ);
    const auto samples = map.as<std::int16_t>();
    all.insert(all.end(), samples.begin(), samples.end());
  }
  return all;
}

std::vector<std::string> Harness::texts() {
  std::vector<std::string> all;
  while (auto buffer = gst::adopt(gst_harness_try_pull(h_))) {
    const gst::Map map(buffer.get(), GST_MAP_READ);
    const auto chars = map.as<char>();
    all.emplace_back(chars.begin(), chars.end());
  }
  return all;
}

namespace {

std::vector<gst::Ref<GstEvent>> take(std::vector<gst::Ref<GstEvent>>& from, const char* name) {
  std::vector<gst::Ref<GstEvent>> found;
  std::erase_if(from, [&](const auto& e) {
    const bool hit = gst_event_has_name(e.get(), name);
    if (hit) found.push_back(e);
    return hit;
  });
  return found;
}

}  // namespace

std::vector<gst::Ref<GstEvent>> Harness::events(const char* name) {
  while (auto e = gst::adopt(gst_harness_try_pull_event(h_))) downstream_.push_back(e);
  return take(downstream_, name);
}

std::vector<gst::Ref<GstEvent>> Harness::upstream_events(const char* name) {
  while (auto e = gst::adopt(gst_harness_try_pull_upstream_event(h_))) upstream_.push_back(e);
  return take(upstream_, name);
}

std::vector<gst::Ref<GstMessage>> Harness::told(const std::string& kind) {
  while (auto m = gst::adopt(gst_bus_pop_filtered(bus_, GST_MESSAGE_ELEMENT)))
    messages_.push_back(m);
  std::vector<gst::Ref<GstMessage>> found;
  std::erase_if(messages_, [&](const auto& m) {
    const bool hit = kind.empty() || gst_message_has_name(m.get(), ("parley-" + kind).c_str());
    if (hit) found.push_back(m);
    return hit;
  });
  return found;
}

}  // namespace parley::test
