// parleystt as an element, with the scripted provider, on a virtual loop.
#include <doctest/doctest.h>
#include <gst/gst.h>

#include "plugins/gstpp/structure.hpp"
#include "tests/support/harness.hpp"

using namespace parley;
using test::Harness;

namespace {

GstStructure* vad(bool speech, Nanos at, Nanos until = {}) {
  return gst::structure("parley-vad", {{"speech", speech},
                                       {"running-time", at.count()},
                                       {"voiced-until", until.count()},
                                       {"voiced-ms", 500}});
}

// 600 ms of audio that parleyvad would have found to be speech.
void utter(Harness& h) {
  h.push_tone(400);
  h.push_event(vad(true, 400ms));
  h.push_tone(600);
  h.push_event(vad(false, 1000ms, 900ms));
}

std::vector<std::string> partials(Harness& h) {
  std::vector<std::string> all;
  for (const auto& e : h.events("parley-partial"))
    all.push_back(gst::get_text(gst_event_get_structure(e.get()), "text"));
  return all;
}

}  // namespace

TEST_CASE("parleystt: an utterance becomes partials, a parley-final and a text") {
  Harness h("parleystt provider=scripted script=\"I need a taxi|to the airport\"");
  utter(h);
  h.advance(0ms);
  CHECK(partials(h) == std::vector<std::string>{"I", "I need", "I need a", "I need a taxi"});
  CHECK(h.told("transcript.partial").size() == 4);
  const auto finals = h.events("parley-final");
  REQUIRE(finals.size() == 1);
  const auto* s = gst_event_get_structure(finals[0].get());
  CHECK(gst::get_text(s, "text") == "I need a taxi");
  CHECK(gst::get_double(s, "confidence") == 1);
  CHECK_FALSE(gst::get_bool(s, "rejected"));
  const auto told = h.told("transcript.final");
  REQUIRE(told.size() == 1);
  CHECK(gst::get_text(gst_message_get_structure(told[0].get()), "text") == "I need a taxi");
  CHECK(h.events("parley-vad").size() == 2);
  CHECK(h.texts() == std::vector<std::string>{"I need a taxi"});
  utter(h);
  h.advance(0ms);
  CHECK(h.texts() == std::vector<std::string>{"to the airport"});
}

TEST_CASE("parleystt: a text says when its speech began and how long it was") {
  Harness h("parleystt provider=scripted script=hello");
  utter(h);
  h.advance(0ms);
  const auto buffer = gst::adopt(gst_harness_try_pull(h.get()));
  REQUIRE(buffer);
  CHECK(GST_BUFFER_PTS(buffer.get()) == 400 * GST_MSECOND);
  CHECK(GST_BUFFER_DURATION(buffer.get()) == 500 * GST_MSECOND);
}

TEST_CASE("parleystt: an utterance that is not understood is an empty text, rejected") {
  Harness h("parleystt provider=scripted");
  utter(h);
  h.advance(0ms);
  CHECK(h.texts() == std::vector<std::string>{""});
  const auto finals = h.events("parley-final");
  REQUIRE(finals.size() == 1);
  CHECK(gst::get_bool(gst_event_get_structure(finals[0].get()), "rejected"));
}

TEST_CASE("parleystt: the end of speech is known behind before its text; delay-ms passes between") {
  Harness h("parleystt provider=scripted script=hello delay-ms=200");
  utter(h);
  CHECK(h.events("parley-vad").size() == 2);
  h.advance(199ms);
  CHECK(h.texts().empty());
  h.advance(1ms);
  CHECK(h.texts().size() == 1);
}

TEST_CASE("parleystt: EOS waits for the last text") {
  Harness h("parleystt provider=scripted script=hello delay-ms=200");
  utter(h);
  h.end();
  const auto eos = [&] {
    const auto pad = gst::adopt(gst_element_get_static_pad(h.element(), "src"));
    const auto e = gst::adopt(gst_pad_get_sticky_event(pad.get(), GST_EVENT_EOS, 0));
    return bool(e);
  };
  CHECK_FALSE(eos());
  h.advance(200ms);
  CHECK(h.texts() == std::vector<std::string>{"hello"});
  CHECK(eos());
}

TEST_CASE("parleystt: EOS in the middle of an utterance ends it") {
  Harness h("parleystt provider=scripted script=hello");
  h.push_event(vad(true, 0ms));
  h.push_tone(300);
  h.end();
  h.advance(0ms);
  CHECK(h.texts() == std::vector<std::string>{"hello"});
}

TEST_CASE("parleystt: after a flush nothing comes of what was said before") {
  Harness h("parleystt provider=scripted script=\"one|two\" delay-ms=100");
  utter(h);
  gst_harness_push_event(h.get(), gst_event_new_flush_start());
  gst_harness_push_event(h.get(), gst_event_new_flush_stop(FALSE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(h.get(), gst_event_new_segment(&segment));
  h.advance(1s);
  CHECK(h.texts().empty());
  utter(h);
  h.advance(100ms);
  CHECK(h.texts() == std::vector<std::string>{"two"});
}

TEST_CASE("parleystt: who never pauses is understood every 30 s") {
  Harness h("parleystt provider=scripted script=\"one|two|three\"");
  h.push_event(vad(true, 0ms));
  h.push_tone(65'000);
  h.advance(0ms);
  CHECK(h.texts() == std::vector<std::string>{"one", "two"});
  h.push_event(vad(false, 65s, 65s));
  h.advance(0ms);
  CHECK(h.texts() == std::vector<std::string>{"three"});
}

TEST_CASE("parleystt: one utterance more than max-utterances fails in words and ends empty") {
  Harness a("parleystt provider=scripted script=first max-utterances=1");
  Harness b("parleystt provider=scripted script=second max-utterances=1");
  a.push_event(vad(true, 0ms));
  a.push_tone(100);
  utter(b);
  b.advance(0ms);
  CHECK(b.texts() == std::vector<std::string>{""});
  const auto failed = b.told("provider.failed");
  REQUIRE(failed.size() == 1);
  const auto* s = gst_message_get_structure(failed[0].get());
  CHECK(gst::get_text(s, "kind") == "stt");
  CHECK(gst::get_text(s, "provider") == "scripted");
  CHECK(gst::get_bool(s, "retry"));
  a.push_event(vad(false, 200ms, 100ms));
  a.advance(0ms);
  CHECK(a.texts() == std::vector<std::string>{"first"});
  utter(b);
  b.advance(0ms);
  CHECK(b.texts() == std::vector<std::string>{"second"});
}

TEST_CASE("parleystt: an unknown provider is refused with the names of those there are") {
  auto* line = gst_parse_launch(
      "audiotestsrc num-buffers=1 ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! parleystt "
      "provider=nobody ! fakesink",
      nullptr);
  gst_element_set_state(line, GST_STATE_PLAYING);
  const auto bus = gst::adopt(gst_element_get_bus(line));
  const auto error =
      gst::adopt(gst_bus_timed_pop_filtered(bus.get(), 10 * GST_SECOND, GST_MESSAGE_ERROR));
  REQUIRE(error);
  GError* what = nullptr;
  gst_message_parse_error(error.get(), &what, nullptr);
  CHECK(std::string(what->message).find("\"nobody\"") != std::string::npos);
  CHECK(std::string(what->message).find("scripted") != std::string::npos);
  g_error_free(what);
  gst_element_set_state(line, GST_STATE_NULL);
  gst_object_unref(line);
}

TEST_CASE(
    "parleystt: audio that becomes wideband loses no utterance, neither this one nor the next") {
  constexpr auto wide = "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=16000";
  const auto rise = [](Harness& h) {
    Gate gate(h.loop());
    const auto caps = gst::adopt(gst_caps_from_string(wide));
    gst_harness_push_event(h.get(), gst_event_new_caps(caps.get()));
  };
  const auto tone = [](Harness& h, int ms, unsigned rate) {
    const std::vector<std::int16_t> frame(rate / 50, 3000);
    for (int i = 0; i < ms / 20; ++i) h.push(frame);
  };
  Harness h("parleystt provider=scripted script=\"one two three four five|six seven\"");
  tone(h, 400, 8000);
  h.push_event(vad(true, 400ms));
  tone(h, 300, 8000);
  rise(h);
  tone(h, 300, 16000);
  // 900 ms with what was just before: at 5 words a second it has heard 4, whatever the rate.
  CHECK(partials(h).back() == "one two three four");
  h.push_event(vad(false, 1000ms, 900ms));
  h.advance(0ms);
  CHECK(h.texts() == std::vector<std::string>{"one two three four five"});
  tone(h, 400, 16000);
  h.push_event(vad(true, 1400ms));
  tone(h, 60, 16000);
  CHECK(partials(h).back() == "six");
  h.push_event(vad(false, 2000ms, 1900ms));
  h.advance(0ms);
  CHECK(h.texts() == std::vector<std::string>{"six seven"});
}
