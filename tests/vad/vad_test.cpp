// parleyvad as an element: its frames, events and messages, on a virtual loop.
#include <doctest/doctest.h>
#include <gst/gst.h>

#include <cmath>

#include "plugins/dsp/half_band.hpp"
#include "plugins/gstpp/map.hpp"
#include "plugins/gstpp/structure.hpp"
#include "tests/support/harness.hpp"
#include "tests/vad/sounds.hpp"

using namespace parley;
using namespace parley::test;

namespace {

constexpr auto wideband = "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=16000";

void push(Harness& h, const Samples& samples, std::size_t size = 160) {
  for (std::size_t i = 0; i < samples.size(); i += size)
    REQUIRE(h.push(std::span(samples).subspan(i, std::min(size, samples.size() - i))) ==
            GST_FLOW_OK);
}

// As they follow one another, whatever their rate.
void push_unstamped(Harness& h, const Samples& samples, std::size_t size = 160) {
  for (std::size_t i = 0; i < samples.size(); i += size) {
    const auto count = std::min(size, samples.size() - i);
    REQUIRE(gst_harness_push(h.get(), gst_buffer_new_memdup(samples.data() + i, 2 * count)) ==
            GST_FLOW_OK);
  }
}

struct Edge {
  bool speech;
  std::int64_t at, voiced_until, voiced_ms;
};

std::vector<Edge> edges(Harness& h) {
  std::vector<Edge> all;
  for (const auto& e : h.events("parley-vad")) {
    const auto* s = gst_event_get_structure(e.get());
    all.push_back({gst::get_bool(s, "speech"), gst::get_int(s, "running-time"),
                   gst::get_int(s, "voiced-until"), gst::get_int(s, "voiced-ms")});
  }
  return all;
}

const Samples& sentence() {
  static const auto one = speech("rms", "Good morning, I am calling about my bill.");
  return one;
}

}  // namespace

TEST_CASE(
    "parleyvad: a sentence gives one start and, 500 ms after its last voiced sample, one end") {
  Harness h("parleyvad");
  push(h, join({silence(1000), sentence(), silence(1000)}));
  const auto found = edges(h);
  REQUIRE(found.size() == 2);
  CHECK(found[0].speech);
  CHECK(found[0].at > GST_SECOND);
  CHECK(found[0].at <= 1200 * std::int64_t(GST_MSECOND));
  CHECK_FALSE(found[1].speech);
  CHECK(found[1].at - found[1].voiced_until == 500 * std::int64_t(GST_MSECOND));
  CHECK(found[1].voiced_ms > 500);
  CHECK(h.told("speech.started").size() == 1);
  const auto stopped = h.told("speech.stopped");
  REQUIRE(stopped.size() == 1);
  const auto* s = gst_message_get_structure(stopped[0].get());
  CHECK(gst::get_int(s, "voiced_until") == found[1].voiced_until / 1000);
  CHECK(gst::get_int(s, "voiced_ms") == found[1].voiced_ms);
}

TEST_CASE("parleyvad: the size of buffers makes no difference to frames or edges") {
  const auto all = join({silence(500), sentence(), silence(700)});
  std::vector<Edge> first;
  for (const std::size_t size : {160U, 37U, 2048U, 20000U}) {
    CAPTURE(size);
    Harness h("parleyvad");
    push(h, all, size);
    const auto found = edges(h);
    if (first.empty()) first = found;
    REQUIRE(found.size() == first.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i].at == first[i].at);
    GstClockTime expected = 0;
    while (auto b = gst::adopt(gst_harness_try_pull(h.get()))) {
      CHECK(GST_BUFFER_PTS(b.get()) == expected);
      CHECK(GST_BUFFER_DURATION(b.get()) == 20 * GST_MSECOND);
      CHECK(gst_buffer_get_size(b.get()) == 320);
      expected += 20 * GST_MSECOND;
    }
    CHECK(expected == all.size() / 160 * 20 * GST_MSECOND);
  }
}

TEST_CASE("parleyvad: brings virtual time to the end of each frame before it handles it") {
  Harness h("parleyvad");
  int ticks = 0;
  {
    Gate gate(h.loop());
    h.loop().at(95ms, [&] { ++ticks; });
  }
  h.push(Samples(640, 0));  // 80 ms
  CHECK(h.loop().now() == 80ms);
  CHECK(ticks == 0);
  h.push(Samples(160, 0));
  CHECK(h.loop().now() == 100ms);
  CHECK(ticks == 1);
}

TEST_CASE("parleyvad: wideband audio stays wideband and gives the same edges") {
  Harness narrow("parleyvad");
  push(narrow, join({silence(500), sentence(), silence(700)}));
  Harness wide("parleyvad", wideband);
  Samples twice;  // good enough a resampler for an onset
  for (const auto s : join({silence(500), sentence(), silence(700)}))
    twice.insert(twice.end(), 2, s);
  push(wide, twice, 320);
  const auto a = edges(narrow), b = edges(wide);
  REQUIRE(a.size() == 2);
  REQUIRE(b.size() == 2);
  CHECK(std::abs(a[0].at - b[0].at) <= 40 * std::int64_t(GST_MSECOND));
  CHECK(std::abs(a[1].at - b[1].at) <= 60 * std::int64_t(GST_MSECOND));
  CHECK(wide.audio().size() == twice.size() / 320 * 320);
}

TEST_CASE("parleyvad: the patience of parley-expect replaces the hangover until it is 0 again") {
  Harness h("parleyvad hangover-ms=300");
  const auto silent_after = [&](std::int64_t patience_ms) {
    h.push_upstream(gst::structure("parley-expect", {{"patience-ms", patience_ms}}));
    push(h, join({sentence(), silence(2000)}));
    const auto found = edges(h);
    return (found.back().at - found.back().voiced_until) / std::int64_t(GST_MSECOND);
  };
  CHECK(silent_after(1200) == 1200);
  CHECK(silent_after(0) == 300);
}

TEST_CASE("parleyvad: parley-end-turn ends what is being said with the next frame") {
  Harness h("parleyvad");
  push(h, join({silence(500), sentence()}));
  REQUIRE(edges(h).size() == 1);
  h.push_upstream(gst::structure("parley-end-turn", {}));
  push(h, silence(20));
  const auto found = edges(h);
  REQUIRE(found.size() == 1);
  CHECK_FALSE(found[0].speech);
}

TEST_CASE("parleyvad: EOS in the middle of speech ends it first") {
  Harness h("parleyvad");
  push(h, join({silence(500), sentence()}));
  h.end();
  const auto found = edges(h);
  REQUIRE(found.size() == 2);
  CHECK_FALSE(found[1].speech);
  CHECK(gst_harness_events_received(h.get()) > 0);
}

TEST_CASE(
    "parleyvad: after EOS virtual time goes on until egress is done, or its patience is over") {
  Harness h("parleyvad tail-ms=1000");
  h.push_silence(100);
  {
    Gate gate(h.loop());
    h.loop().at(400ms, [&] { h.call().finished = true; });
    h.loop().at(500ms, [] {});
  }
  h.end();
  CHECK(h.loop().now() == 400ms);
  CHECK_FALSE(h.call().tail_over);

  Harness late("parleyvad tail-ms=1000");
  late.push_silence(100);
  {
    Gate gate(late.loop());
    late.loop().at(5s, [&] { late.call().finished = true; });
  }
  late.end();
  CHECK(late.loop().now() < 5s);
  CHECK(late.call().tail_over);
}

TEST_CASE("parleyvad: what the agent sends is not taken for the caller (P23)") {
  const auto run = [](bool known, const char* element = "parleyvad") {
    Harness h(element);
    const auto sent = join({silence(400),
                            speech("slt",
                                   "Good morning. This is the reception. May I "
                                   "have your name, please?"),
                            silence(600)});
    for (std::size_t i = 0; i + 160 <= sent.size(); i += 160) {
      const auto now = std::span(sent).subspan(i, 160);
      if (known) h.call().sent.put(h.loop().now(), 8000, now);
      Samples back(160);
      for (std::size_t k = 0; k < 160; ++k)
        back[k] = std::int16_t(i + k >= 400 ? sent[i + k - 400] / 10 : 0);
      h.push(back);
    }
    return h.told("speech.started").size();
  };
  CHECK(run(false) >= 1);
  CHECK(run(true) == 0);
  CHECK(run(true, "parleyvad echo-cancellation=false") >= 1);
}

TEST_CASE("parleyvad: nor when the times of what is heard run ahead of the clock (P23)") {
  // After a stall what was made up for the caller stands in his timeline: it leads by 60 ms.
  constexpr Nanos lead = 60ms;
  const auto agent = join({sentence(), silence(500)});
  Harness h("parleyvad");
  h.call().caller_lead = lead;
  h.push_silence(int(to_ms(lead)));
  for (std::size_t i = 0; i + 160 <= agent.size(); i += 160) {
    const auto sent = std::span(agent).subspan(i, 160);
    h.call().sent.put(h.loop().now() - lead, 8000, sent);
    Samples back(sent.begin(), sent.end());
    for (auto& sample : back) sample /= 4;
    h.push(back);
  }
  CHECK(edges(h).empty());
}

TEST_CASE("parleyvad: a queue ahead of another Parley element is refused in words") {
  auto* line = gst_parse_launch(
      "fakesrc ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! parleyvad ! queue ! parleystt ! "
      "fakesink",
      nullptr);
  REQUIRE(line);
  gst_element_set_state(line, GST_STATE_PAUSED);
  const auto bus = gst::adopt(gst_element_get_bus(line));
  const auto error = gst::adopt(gst_bus_timed_pop_filtered(bus.get(), 0, GST_MESSAGE_ERROR));
  REQUIRE(error);
  GError* what = nullptr;
  gst_message_parse_error(error.get(), &what, nullptr);
  CHECK(std::string(what->message).find("Take the queue out") == 0);
  g_error_free(what);
  gst_element_set_state(line, GST_STATE_NULL);
  gst_object_unref(line);
}

TEST_CASE(
    "parleyvad: a tone of the line is told, at 8 and at 16 kHz; not when that is not wanted") {
  const auto busy = [](unsigned rate) {
    Samples all;
    for (unsigned i = 0; i < 4 * rate; ++i) {
      const double t = double(i) / rate;
      all.push_back(std::fmod(t, 1) < 0.5 ? std::int16_t(3000 * std::sin(2 * M_PI * 425 * t)) : 0);
    }
    return all;
  };
  Harness narrow("parleyvad"), wide("parleyvad", wideband), deaf("parleyvad tones=false");
  push(narrow, busy(8000));
  push(wide, busy(16000), 320);
  push(deaf, busy(8000));
  const auto told = narrow.told("line.tone");
  REQUIRE(told.size() == 1);
  CHECK(gst::get_text(gst_message_get_structure(told[0].get()), "tone") == "busy");
  CHECK(wide.told("line.tone").size() == 1);
  CHECK(deaf.told("line.tone").empty());
}

TEST_CASE("parleyvad: noise is lowered in what leaves only when that is wanted") {
  const auto noisy = noise(3000, 300);
  const auto last = [](Harness& h) {
    double sum = 0;
    const auto all = h.audio();
    for (auto i = all.size() - 8000; i < all.size(); ++i) sum += double(all[i]) * all[i];
    return std::sqrt(sum / 8000);
  };
  Harness plain("parleyvad"), quiet("parleyvad noise-suppression=true");
  push(plain, noisy);
  push(quiet, noisy);
  CHECK(last(plain) == doctest::Approx(300).epsilon(0.05));
  CHECK(last(quiet) < 100);
}

TEST_CASE("parleyvad: audio that becomes wideband in the middle of a sentence is one sentence") {
  const auto all = join({silence(500), sentence(), silence(700), sentence(), silence(700)});
  Samples wide;
  Upsampler().push(all, wide);
  Harness plain("parleyvad"), h("parleyvad");
  push(plain, all);
  const auto usual = edges(plain);
  REQUIRE(usual.size() == 4);
  const auto caps = [&](const char* text) {
    Gate gate(h.loop());
    const auto c = gst::adopt(gst_caps_from_string(text));
    gst_harness_push_event(h.get(), gst_event_new_caps(c.get()));
  };
  // Wideband from the middle of the first sentence on, where half a frame waits; narrowband once
  // more from the middle of the second.
  const auto middle = std::size_t(usual[0].at / 125000) + 3280;
  const auto later = std::size_t(usual[2].at / 125000) + 3200;
  push_unstamped(h, {all.begin(), all.begin() + std::ptrdiff_t(middle)});
  const auto before = h.audio();
  caps(wideband);
  push_unstamped(
      h, {wide.begin() + std::ptrdiff_t(2 * middle), wide.begin() + std::ptrdiff_t(2 * later)},
      320);
  caps("audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=8000");
  push_unstamped(h, {all.begin() + std::ptrdiff_t(later), all.end()});
  const auto found = edges(h);
  REQUIRE(found.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(found[i].speech == usual[i].speech);
    CHECK(std::abs(found[i].at - usual[i].at) <= 40 * std::int64_t(GST_MSECOND));
  }
  // Frames of 20 ms without a gap around the change.
  const auto last = gst::adopt(gst_pad_get_current_caps(h.get()->sinkpad));
  int rate = 0;
  gst_structure_get_int(gst_caps_get_structure(last.get(), 0), "rate", &rate);
  CHECK(rate == 16000);
  CHECK(before.size() == middle / 160 * 160);
  GstClockTime next = before.size() * GST_SECOND / 8000;
  Samples after;
  while (auto b = gst::adopt(gst_harness_try_pull(h.get()))) {
    CHECK(GST_BUFFER_PTS(b.get()) == next);
    next += 20 * GST_MSECOND;
    const gst::Map map(b.get(), GST_MAP_READ);
    const auto samples = map.as<std::int16_t>();
    CHECK(samples.size() == 320);
    after.insert(after.end(), samples.begin(), samples.end());
  }
  REQUIRE(after.size() == (2 * all.size() - 2 * before.size()) / 320 * 320);
  // What was said, to the sample, as long as it was wideband.
  const auto first = 2 * (middle - before.size());
  CHECK(std::equal(after.begin() + std::ptrdiff_t(first),
                   after.begin() + std::ptrdiff_t(first + 2 * (later - middle)),
                   wide.begin() + std::ptrdiff_t(2 * middle)));
}
