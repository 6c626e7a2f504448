// egress_call: an egress that sends RTP to a far end in virtual time, and what is said through it.
//
// Threads: the test's.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "plugins/gstpp/structure.hpp"
#include "tests/rtp/far_end.hpp"
#include "tests/support/harness.hpp"

namespace parley::test {

using Samples = std::vector<std::int16_t>;

inline constexpr int loud = 8031;  // survives mu-law and A-law nearly as it is

// An egress that sends RTP to a far end.
struct Call {
  FarEnd far;
  Harness h;

  explicit Call(const std::string& line = "parleyegress")
      : h(line, {.behind = false, .prepare = [this](const LoopRef& loop, CallMedia& call) {
                   call.port = far.connect(loop);
                   call.remote = FarEnd::theirs;
                 }}) {}
};

inline void say(Harness& h, std::int64_t utterance, std::size_t samples, bool last,
                int value = loud) {
  auto* buffer = gst_buffer_new_memdup(Samples(samples, std::int16_t(value)).data(), samples * 2);
  GST_BUFFER_OFFSET(buffer) = guint64(utterance);
  if (last) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);
  CHECK(gst_harness_push(h.get(), buffer) == GST_FLOW_OK);
}

inline void words(Harness& h, std::int64_t utterance, const char* text,
                  std::vector<std::string> list, const char* ends) {
  h.push_event(gst::structure(
      "parley-words",
      {{"utterance", utterance}, {"text", text}, {"words", std::move(list)}, {"ends", ends}}));
}

// What went upstream, as text: "started 1/0 ", with the utterance and its words.
inline std::string spoken(Harness& h) {
  std::string all;
  for (const auto& e : h.upstream_events("parley-spoken")) {
    const auto* s = gst_event_get_structure(e.get());
    all += gst::get_text(s, "phase") + ' ' + std::to_string(gst::get_int(s, "utterance")) + '/' +
           std::to_string(gst::get_int(s, "words")) + ' ';
  }
  return all;
}

inline void flush(Harness& h) {
  Gate gate(h.loop());  // as turn does, on the loop
  gst_harness_push_event(h.get(), gst_event_new_flush_start());
  gst_harness_push_event(h.get(), gst_event_new_flush_stop(FALSE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(h.get(), gst_event_new_segment(&segment));
}

inline gst::Ref<GstQuery> ask_heard(Harness& h, std::int64_t utterance) {
  auto q = gst::adopt(gst_query_new_custom(
      GST_QUERY_CUSTOM, gst::structure("parley-heard", {{"utterance", utterance}})));
  Gate gate(h.loop());
  const auto pad = gst::adopt(gst_element_get_static_pad(h.element(), "sink"));
  CHECK(gst_pad_query(pad.get(), q.get()));
  return q;
}

inline bool has_eos_message(Harness& h) {
  const auto bus = gst::adopt(gst_element_get_bus(h.element()));
  return bool(gst::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_EOS)));
}

// The error that was posted: what it says to a person and to a developer.
inline std::string error(GstElement* element) {
  const auto bus = gst::adopt(gst_element_get_bus(element));
  const auto m = gst::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  if (!m) return {};
  GError* e = nullptr;
  gchar* debug = nullptr;
  gst_message_parse_error(m.get(), &e, &debug);
  const auto all = std::string(e->message) + '\n' + debug;
  g_error_free(e);
  g_free(debug);
  return all;
}

inline bool all_near(const Samples& samples, int value) {
  return std::all_of(samples.begin(), samples.end(),
                     [&](int s) { return std::abs(s - value) <= std::abs(value) / 16 + 8; });
}

}  // namespace parley::test
