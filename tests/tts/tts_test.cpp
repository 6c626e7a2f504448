// What parleytts promises its neighbours, with the scripted provider where sound does not matter.
#include <doctest/doctest.h>

#include <fstream>

#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/structure.hpp"
#include "plugins/tts/level.hpp"
#include "tests/record/support.hpp"
#include "tests/rtp/far_end.hpp"
#include "tests/support/harness.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace parley;
constexpr auto text_caps = "text/x-raw,format=utf8";

void push(test::Harness& h, const std::string& text, guint64 utterance, bool last) {
  auto* buffer = text.empty() ? gst_buffer_new() : gst_buffer_new_memdup(text.data(), text.size());
  GST_BUFFER_OFFSET(buffer) = utterance;
  if (last) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);
  CHECK(gst_harness_push(h.get(), buffer) == GST_FLOW_OK);
}

struct Out {
  std::size_t samples;
  guint64 utterance;
  bool last;
  bool operator==(const Out&) const = default;
};

std::vector<Out> pull(test::Harness& h) {
  std::vector<Out> all;
  while (auto b = gst::adopt(gst_harness_try_pull(h.get())))
    all.push_back({gst_buffer_get_size(b.get()) / 2, GST_BUFFER_OFFSET(b.get()),
                   bool(GST_BUFFER_FLAG_IS_SET(b.get(), GST_BUFFER_FLAG_MARKER))});
  return all;
}

const GstStructure* fields(const gst::Ref<GstEvent>& e) { return gst_event_get_structure(e.get()); }

void flush(test::Harness& h) {
  Gate gate(h.loop());
  gst_harness_push_event(h.get(), gst_event_new_flush_start());
  gst_harness_push_event(h.get(), gst_event_new_flush_stop(FALSE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(h.get(), gst_event_new_segment(&segment));
}

}  // namespace

TEST_CASE("parleytts: a sentence comes out as audio of its utterance, its words announced ahead") {
  test::Harness h("parleytts provider=scripted", text_caps);
  push(h, "Hello there, friend.", 7, true);
  h.advance(0ms);
  const auto words = h.events("parley-words");
  REQUIRE(words.size() == 1);
  CHECK(gst::get_int(fields(words[0]), "utterance") == 7);
  CHECK(gst::get_text(fields(words[0]), "text") == "Hello there, friend.");
  CHECK(gst::get_list(fields(words[0]), "words") ==
        std::vector<std::string>{"Hello", "there,", "friend."});
  CHECK(gst::get_text(fields(words[0]), "ends") == "1600,3200,4800");
  CHECK(pull(h) == std::vector<Out>{{4800, 7, true}});
}

TEST_CASE("parleytts: sentences are spoken in order, each after the provider's delay") {
  test::Harness h("parleytts provider=scripted delay-ms=100", text_caps);
  push(h, "one", 1, false);
  push(h, "two words", 1, false);
  push(h, "", 1, true);
  h.advance(99ms);
  CHECK(pull(h).empty());
  h.advance(1ms);
  CHECK(pull(h) == std::vector<Out>{{1600, 1, false}});
  h.advance(100ms);
  CHECK(pull(h) == std::vector<Out>{{3200, 1, false}, {0, 1, true}});
}

TEST_CASE("parleytts: a flush forgets what waits and what is under way; what follows is spoken") {
  test::Harness h("parleytts provider=scripted delay-ms=100", text_caps);
  push(h, "one", 1, false);
  push(h, "two", 1, true);
  h.advance(50ms);
  flush(h);
  push(h, "three", 2, true);
  h.advance(1s);
  CHECK(pull(h) == std::vector<Out>{{1600, 2, true}});
  const auto words = h.events("parley-words");
  REQUIRE(words.size() == 1);
  CHECK(gst::get_text(fields(words[0]), "text") == "three");
}

TEST_CASE(
    "parleytts: a provider that fails is told of once a sentence, and the marker still travels") {
  for (const std::string line : {"provider=scripted voice=broken", "provider=flite voice=nobody"}) {
    test::Harness h("parleytts " + line, text_caps);
    push(h, "one", 3, false);
    push(h, "two", 3, true);
    h.advance(1s);
    CHECK(pull(h) == std::vector<Out>{{0, 3, true}});
    const auto told = h.told("provider.failed");
    REQUIRE(told.size() == 2);
    CHECK(gst::get_text(gst_message_get_structure(told[0].get()), "kind") == "tts");
    CHECK(!gst::get_text(gst_message_get_structure(told[0].get()), "detail").empty());
  }
}

TEST_CASE("parleytts: a long sentence is spoken in pieces; only the last carries the marker") {
  test::Harness h("parleytts provider=scripted", text_caps);
  std::string text;
  for (int i = 0; i < 40; ++i) text += "word" + std::to_string(i) + ", ";
  push(h, text, 1, true);
  h.advance(1s);
  const auto out = pull(h);
  REQUIRE(out.size() == 3);
  CHECK(out[0].last == false);
  CHECK(out[2].last == true);
  CHECK(out[0].samples + out[1].samples + out[2].samples == 40 * 1600);
  CHECK(h.events("parley-words").size() == 3);
}

TEST_CASE("parleytts: the end of the stream waits for the last sentence") {
  test::Harness h("parleytts provider=scripted delay-ms=500", text_caps);
  CHECK(h.push_text("plain text, without a number") == GST_FLOW_OK);
  h.end();  // nobody else pumps: the element does
  CHECK(h.loop().now() >= 500ms);
  CHECK(h.audio().size() == 5 * 1600);
  bool ended = false;
  while (auto e = gst::adopt(gst_harness_try_pull_event(h.get())))
    ended = GST_EVENT_TYPE(e.get()) == GST_EVENT_EOS;
  CHECK(ended);
}

TEST_CASE("parleytts: text beyond the bound is left out and told of; memory stays bounded") {
  test::Harness h("parleytts provider=scripted", text_caps);
  std::string text;
  while (text.size() < 4200 * 121) text += "abcdefghij ";
  push(h, text, 1, true);
  push(h, "short", 2, true);
  h.advance(1s);
  CHECK(pull(h) == std::vector<Out>{{0, 1, true}, {1600, 2, true}});
  CHECK(h.told("provider.failed").size() == 1);
}

TEST_CASE("parleytts: flite's voice starts at once, at a telephone level, the same in every run") {
  std::vector<std::int16_t> first;
  for (int run = 0; run < 3; ++run) {
    test::Harness h("parleytts voice=rms", text_caps);
    CHECK(h.push_text("The total is $350.75, due 12/5.") == GST_FLOW_OK);
    h.advance(1s);
    const auto audio = h.audio();
    REQUIRE(audio.size() > 8000);
    CHECK(tts::leading_silence(audio, 8000) < 400);
    CHECK(tts::active_dbfs(audio, 8000) == doctest::Approx(-19).epsilon(0.05));
    if (run == 0) first = audio;
    CHECK(audio == first);
  }
}

TEST_CASE("parleytts: an unknown provider and a rate in between are refused at the start") {
  for (const char* line : {"parleytts provider=nobody", "parleytts rate=11025"}) {
    auto* element = gst_parse_launch(line, nullptr);
    CHECK(gst_element_set_state(element, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
  }
}

TEST_CASE("parleytts: a recorded sentence is played, its words spread over it") {
  const test::TemporaryFolder folder;
  test::write_sound(folder / "hello.wav", 16000, std::vector<std::int16_t>(8000, 1000));
  const auto agent = folder / "agent.toml";
  std::ofstream(agent) << "name='x'\n[[step]]\nid='a'\nplay='hello.wav'\ntext='Welcome to "
                          "Miller.'\n[[step]]\nid='b'\nend='Bye.'\n";
  test::Harness h("parleytts provider=scripted agent=" + agent, text_caps);
  push(h, "Welcome to Miller.", 1, false);
  push(h, "Hello there, friend.", 1, true);
  h.advance(100ms);
  const auto words = h.events("parley-words");
  REQUIRE(words.size() == 2);
  CHECK(gst::get_text(fields(words[0]), "text") == "Welcome to Miller.");
  CHECK(gst::get_text(fields(words[0]), "ends") == "1750,2250,4000");
  CHECK(pull(h) == std::vector<Out>{{4000, 1, false}, {4800, 1, true}});

  push(h, "Welcome to Miller.", 2, true);  // is at the worker when the flush comes
  flush(h);
  h.advance(100ms);
  CHECK(pull(h).empty());
}

TEST_CASE("parleytts: a recorded sentence whose file cannot be read is spoken") {
  const test::TemporaryFolder folder;
  const auto agent = folder / "agent.toml";
  std::ofstream(agent) << "name='x'\n[[step]]\nid='a'\nplay='none.wav'\ntext='Welcome to "
                          "Miller.'\n[[step]]\nid='b'\nend='Bye.'\n";
  test::Harness h("parleytts provider=scripted agent=" + agent, text_caps);
  push(h, "Welcome to Miller.", 1, true);
  h.advance(100ms);
  CHECK(h.told("provider.failed").size() == 1);
  CHECK(pull(h) == std::vector<Out>{{4800, 1, true}});
}

TEST_CASE(
    "parleytts: when the element behind comes to like wideband, the next sentence is wideband") {
  test::FarEnd far;
  test::Harness h(
      "parleytts provider=scripted ! parleyegress payload-map=0=PCMU/8000",
      {.caps = text_caps, .behind = false, .prepare = [&](const LoopRef& loop, CallMedia& call) {
         call.port = far.connect(loop);
         call.remote = test::FarEnd::theirs;
       }});
  push(h, "Narrow and long enough to be still on its way out when the codec changes.", 1, true);
  h.advance(0ms);
  const auto rate = [&] {
    const auto egress = gst::adopt(gst_harness_find_element(h.get(), "parleyegress"));
    const auto pad = gst::adopt(gst_element_get_static_pad(egress.get(), "sink"));
    const auto caps = gst::adopt(gst_pad_get_current_caps(pad.get()));
    int found = 0;
    gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "rate", &found);
    return found;
  };
  CHECK(rate() == 8000);
  h.advance(500ms);
  const auto egress = gst::adopt(gst_harness_find_element(h.get(), "parleyegress"));
  g_object_set(egress.get(), "payload-map", "9=G722/8000", nullptr);
  h.advance(100ms);
  CHECK(rate() == 8000);
  push(h, "Wide.", 2, true);
  h.advance(0ms);
  CHECK(rate() == 16000);
  h.advance(20s);
  g_object_set(egress.get(), "payload-map", "0=PCMU/8000", nullptr);
  h.advance(100ms);
  push(h, "Still wide.", 3, true);
  h.advance(20s);
  CHECK(rate() == 16000);  // it never falls
  std::string phases;
  for (const auto& e : h.upstream_events("parley-spoken"))
    phases += gst::get_text(fields(e), "phase") + ' ';
  CHECK(phases.find("cut") == phases.npos);
  CHECK(phases.find("finished started sentence finished started sentence finished") != phases.npos);
}
