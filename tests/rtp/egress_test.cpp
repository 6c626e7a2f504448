// parleyegress on a virtual loop: as the sink of a call over a wire, and with an element behind it.
#include <doctest/doctest.h>

#include <algorithm>

#include "plugins/gstpp/structure.hpp"
#include "tests/rtp/far_end.hpp"
#include "tests/support/harness.hpp"

using namespace parley;
using test::FarEnd;
using Samples = std::vector<std::int16_t>;

namespace {

constexpr int loud = 8031;  // survives mu-law and A-law nearly as it is

// An egress that sends RTP to a far end.
struct Call {
  FarEnd far;
  test::Harness h;

  explicit Call(const std::string& line = "parleyegress")
      : h(line, {.behind = false, .prepare = [this](const LoopRef& loop, CallMedia& call) {
                   call.port = far.connect(loop);
                   call.remote = FarEnd::theirs;
                 }}) {}
};

void say(test::Harness& h, std::int64_t utterance, std::size_t samples, bool last,
         int value = loud) {
  auto* buffer = gst_buffer_new_memdup(Samples(samples, std::int16_t(value)).data(), samples * 2);
  GST_BUFFER_OFFSET(buffer) = guint64(utterance);
  if (last) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);
  CHECK(gst_harness_push(h.get(), buffer) == GST_FLOW_OK);
}

void words(test::Harness& h, std::int64_t utterance, const char* text,
           std::vector<std::string> list, const char* ends) {
  h.push_event(gst::structure(
      "parley-words",
      {{"utterance", utterance}, {"text", text}, {"words", std::move(list)}, {"ends", ends}}));
}

// What went upstream, as text: "started 1/0 ", with the utterance and its words.
std::string spoken(test::Harness& h) {
  std::string all;
  for (const auto& e : h.upstream_events("parley-spoken")) {
    const auto* s = gst_event_get_structure(e.get());
    all += gst::get_text(s, "phase") + ' ' + std::to_string(gst::get_int(s, "utterance")) + '/' +
           std::to_string(gst::get_int(s, "words")) + ' ';
  }
  return all;
}

void flush(test::Harness& h) {
  Gate gate(h.loop());  // as turn does, on the loop
  gst_harness_push_event(h.get(), gst_event_new_flush_start());
  gst_harness_push_event(h.get(), gst_event_new_flush_stop(FALSE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(h.get(), gst_event_new_segment(&segment));
}

gst::Ref<GstQuery> ask_heard(test::Harness& h, std::int64_t utterance) {
  auto q = gst::adopt(gst_query_new_custom(
      GST_QUERY_CUSTOM, gst::structure("parley-heard", {{"utterance", utterance}})));
  Gate gate(h.loop());
  const auto pad = gst::adopt(gst_element_get_static_pad(h.element(), "sink"));
  CHECK(gst_pad_query(pad.get(), q.get()));
  return q;
}

bool has_eos_message(test::Harness& h) {
  const auto bus = gst::adopt(gst_element_get_bus(h.element()));
  return bool(gst::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_EOS)));
}

// The error that was posted: what it says to a person and to a developer.
std::string error(GstElement* element) {
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

bool all_near(const Samples& samples, int value) {
  return std::all_of(samples.begin(), samples.end(),
                     [&](int s) { return std::abs(s - value) <= std::abs(value) / 16 + 8; });
}

}  // namespace

TEST_CASE("parleyegress: a packet every 20 ms, silence when there is nothing to say") {
  Call c;
  c.h.advance(1s);
  REQUIRE(c.far.got.size() == 51);
  for (std::size_t i = 1; i < c.far.got.size(); ++i) {
    const auto &a = c.far.got[i - 1], &b = c.far.got[i];
    CHECK(b.at - a.at == 20ms);
    CHECK(b.packet.sequence == std::uint16_t(a.packet.sequence + 1));
    CHECK(b.packet.timestamp == a.packet.timestamp + 160);
    CHECK(b.packet.ssrc == a.packet.ssrc);
    CHECK(all_near(b.samples, 0));
  }
  CHECK(c.h.call().packets_sent == 51);
}

TEST_CASE("parleyegress: what is said leaves frame by frame, with a marker in front") {
  for (const auto& [line, type] :
       {std::pair{"parleyegress", 0}, std::pair{"parleyegress payload-type=8", 8}}) {
    Call c(line);
    c.h.advance(95ms);
    say(c.h, 1, 400, true);
    c.h.advance(100ms);
    REQUIRE(c.far.got.size() == 10);
    for (int i = 0; i < 10; ++i) {
      CAPTURE(i);
      const auto& g = c.far.got[std::size_t(i)];
      CHECK(g.packet.payload_type == type);
      CHECK(g.packet.marker == (i == 5));
      REQUIRE(g.samples.size() == 160);
      if (i == 5 || i == 6) CHECK(all_near(g.samples, loud));
      if (i == 7) CHECK(all_near({g.samples.begin(), g.samples.begin() + 80}, loud));
      if (i == 7) CHECK(all_near({g.samples.begin() + 80, g.samples.end()}, 0));
      if (i < 5 || i > 7) CHECK(all_near(g.samples, 0));
    }
  }
}

TEST_CASE("parleyegress: the same seed gives the same stream, another one another") {
  const auto first = [](const char* line) {
    Call c(line);
    c.h.advance(20ms);
    return c.far.got.at(0).packet;
  };
  CHECK(first("parleyegress").ssrc == first("parleyegress").ssrc);
  CHECK(first("parleyegress").timestamp == first("parleyegress").timestamp);
  CHECK(first("parleyegress seed=2").ssrc != first("parleyegress").ssrc);
}

TEST_CASE("parleyegress: without always-send it sends what is said, at once, and time goes on") {
  Call c("parleyegress always-send=false");
  c.h.advance(1s);
  CHECK(c.far.got.empty());
  say(c.h, 1, 320, true);
  c.h.advance(507ms);
  say(c.h, 2, 160, true);
  c.h.advance(1s);
  REQUIRE(c.far.got.size() == 3);
  CHECK(c.far.got[0].at == 1s);
  CHECK(c.far.got[1].at == 1020ms);
  CHECK(c.far.got[2].at == 1507ms);
  CHECK(c.far.got[0].packet.marker);
  CHECK_FALSE(c.far.got[1].packet.marker);
  CHECK(c.far.got[2].packet.marker);
  CHECK(c.far.got[2].packet.timestamp - c.far.got[0].packet.timestamp == 507 * 8);
  CHECK(c.far.got[2].packet.sequence == std::uint16_t(c.far.got[0].packet.sequence + 2));
}

TEST_CASE("parleyegress: the grid keeps just behind the arrival of the far end's packets") {
  Call c;
  c.h.advance(105ms);
  c.h.call().arrival = 93ms;
  c.h.advance(200ms);
  c.far.got.clear();
  c.h.advance(100ms);
  REQUIRE(c.far.got.size() == 5);
  for (const auto& g : c.far.got) CHECK(g.at % 20ms == 15ms);
}

TEST_CASE("parleyegress: progress goes upstream as words leave, and can be asked for") {
  Call c;
  words(c.h, 1, "Good morning.", {"Good", "morning."}, "100,300");
  say(c.h, 1, 320, false);
  words(c.h, 1, "Who is there?", {"Who", "is", "there?"}, "100,200,300");
  say(c.h, 1, 320, true);
  c.h.advance(0ms);
  CHECK(spoken(c.h) == "started 1/1 ");
  const auto asked = ask_heard(c.h, 1);
  const auto* s = gst_query_get_structure(asked.get());
  CHECK(gst::get_int(s, "words") == 1);
  CHECK(gst::get_int(s, "samples") == 160);
  CHECK(gst::get_text(s, "text") == "Good");
  CHECK(gst::get_bool(s, "pending"));
  c.h.advance(60ms);
  CHECK(spoken(c.h) == "sentence 1/2 sentence 1/5 finished 1/5 ");
  const auto after = ask_heard(c.h, 1);
  CHECK(gst::get_text(gst_query_get_structure(after.get()), "text") ==
        "Good morning. Who is there?");
  CHECK_FALSE(gst::get_bool(gst_query_get_structure(after.get()), "pending"));
}

TEST_CASE("parleyegress: a flush fades within 60 ms, is told, and new speech follows") {
  Call c;
  words(c.h, 1, "One two three.", {"One", "two", "three."}, "160,320,8000");
  say(c.h, 1, 8000, true);
  c.h.advance(50ms);
  flush(c.h);
  c.h.advance(0ms);
  CHECK(spoken(c.h) == "started 1/1 cut 1/2 ");
  c.far.got.clear();
  c.h.advance(200ms);
  CHECK(all_near(c.far.got[3].samples, 0));
  CHECK(c.far.got[2].samples[159] < 300);
  CHECK(c.far.got[0].samples[0] > 7000);
  say(c.h, 2, 160, true);
  c.far.got.clear();
  c.h.advance(20ms);
  CHECK(all_near(c.far.got.at(0).samples, loud));
  CHECK(spoken(c.h) == "started 2/0 sentence 2/0 finished 2/0 ");
}

TEST_CASE("parleyegress: an utterance that waits for its next sentence is cut too") {
  Call c;
  words(c.h, 1, "One.", {"One."}, "160");
  say(c.h, 1, 160, false);
  c.h.advance(500ms);
  flush(c.h);
  c.h.advance(20ms);
  CHECK(spoken(c.h) == "started 1/1 sentence 1/1 cut 1/1 ");
}

TEST_CASE("parleyegress: ducking is out of band and within a frame") {
  Call c;
  say(c.h, 1, 1600, true);
  c.h.advance(5ms);
  const auto signal = [&](const char* name) {
    gst_harness_push_event(c.h.get(), gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_OOB,
                                                           gst_structure_new_empty(name)));
  };
  signal("parley-duck");
  c.h.advance(40ms);
  signal("parley-unduck");
  c.h.advance(40ms);
  REQUIRE(c.far.got.size() >= 5);
  CHECK(all_near(c.far.got[0].samples, loud));
  CHECK(all_near(c.far.got[2].samples, loud / 8));
  CHECK(all_near(c.far.got[4].samples, loud));
}

TEST_CASE("parleyegress: what left is there for the echo canceller, at its time") {
  Call c;
  c.h.advance(95ms);
  say(c.h, 1, 160, true);
  c.h.advance(100ms);
  Samples out(320);
  CHECK(c.h.call().sent.get(90ms, 8000, out));
  CHECK(std::count(out.begin(), out.end(), loud) == 160);
  CHECK(out[79] == 0);
  CHECK(out[80] == loud);
}

TEST_CASE("parleyegress: audio of no utterance is just played") {
  Call c;
  CHECK(c.h.push_tone(100) == GST_FLOW_OK);
  c.h.advance(200ms);
  CHECK(spoken(c.h).empty());
  CHECK(c.far.got[0].packet.marker);
  CHECK_FALSE(all_near(c.far.got[4].samples, 0));
  CHECK(all_near(c.far.got[5].samples, 0));
}

TEST_CASE("parleyegress: as a sink it ends when all has been played") {
  Call c;
  say(c.h, 1, 1600, true);
  c.h.end();
  c.h.advance(170ms);
  CHECK_FALSE(has_eos_message(c.h));
  CHECK_FALSE(c.h.call().finished);
  c.h.advance(20ms);
  CHECK(has_eos_message(c.h));
  CHECK(c.h.call().finished);
  const auto sent = c.far.got.size();
  c.h.advance(1s);
  CHECK(c.far.got.size() == sent);
}

TEST_CASE("parleyegress: with an element behind it there is one timeline, with silence between") {
  test::Harness h("parleyegress");
  h.advance(35ms);
  say(h, 1, 200, true);
  h.advance(100ms);
  GstClockTime pts = 0;
  Samples all;
  while (const auto buffer = gst::adopt(gst_harness_try_pull(h.get()))) {
    CHECK(GST_BUFFER_PTS(buffer.get()) == pts);
    CHECK(gst_buffer_get_size(buffer.get()) == 320);
    pts += GST_BUFFER_DURATION(buffer.get());
    Samples samples(160);
    gst_buffer_extract(buffer.get(), 0, samples.data(), 320);
    all.insert(all.end(), samples.begin(), samples.end());
  }
  REQUIRE(all.size() == 7 * 160);
  CHECK(std::count(all.begin(), all.end(), loud) == 200);
  CHECK(all[2 * 160 - 1] == 0);
  CHECK(all[2 * 160] == loud);
}

TEST_CASE("parleyegress: behind it EOS comes after the last sample, and no flush") {
  test::Harness h("parleyegress");
  say(h, 1, 800, true);
  h.advance(20ms);
  flush(h);
  say(h, 2, 160, true);
  h.end();
  h.advance(1s);
  bool flushed = false, ended = false;
  while (const auto e = gst::adopt(gst_harness_try_pull_event(h.get()))) {
    flushed |= GST_EVENT_TYPE(e.get()) == GST_EVENT_FLUSH_START;
    ended |= GST_EVENT_TYPE(e.get()) == GST_EVENT_EOS;
  }
  CHECK_FALSE(flushed);
  CHECK(ended);
  CHECK(h.call().finished);
  CHECK(h.audio().size() == 6 * 160);  // two frames, the fade, the new one
}

TEST_CASE("parleyegress: when the time for a tail is over it ends whatever is still queued") {
  test::Harness h("parleyegress");
  say(h, 1, 80000, true);
  h.end();
  h.advance(100ms);
  CHECK_FALSE(h.call().finished);
  h.call().tail_over = true;
  h.advance(20ms);
  CHECK(h.call().finished);
}

TEST_CASE("parleyegress: 16 kHz is passed on, but no G.711") {
  constexpr auto wide = "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=16000";
  test::Harness h("parleyegress", wide);
  h.advance(20ms);
  CHECK(h.audio().size() == 2 * 320);

  Call c;
  const auto caps = gst::adopt(gst_caps_from_string(wide));
  const auto pad = gst::adopt(gst_element_get_static_pad(c.h.element(), "sink"));
  const auto taken = gst::adopt(gst_pad_query_caps(pad.get(), nullptr));
  CHECK_FALSE(gst_caps_can_intersect(taken.get(), caps.get()));
  gst_pad_send_event(pad.get(), gst_event_new_caps(caps.get()));
  CHECK(error(c.h.element()).find("G.711 is 8 kHz, the audio is 16000 Hz") != std::string::npos);
}

TEST_CASE("parleyegress: in virtual time it is no live source") {
  test::Harness h("parleyegress");
  const auto q = gst::adopt(gst_query_new_latency());
  const auto pad = gst::adopt(gst_element_get_static_pad(h.element(), "src"));
  REQUIRE(gst_pad_query(pad.get(), q.get()));
  gboolean live = TRUE;
  GstClockTime low = 1;
  gst_query_parse_latency(q.get(), &live, &low, nullptr);
  CHECK_FALSE(live);
  CHECK(low == 0);
}

TEST_CASE("parleyegress: what cannot work is refused when it starts, with the reason") {
  struct Row {
    const char* line;
    const char* reason;
  };
  constexpr Row rows[] = {
      {"appsrc ! parleyegress payload-type=3", "3 is no codec of ours"},
      {"appsrc ! parleyegress host=example.org port=5000", "'example.org' is not a numeric"},
      {"appsrc ! parleyegress host=127.0.0.1", "a host needs a port"},
      {"appsrc ! parleyegress", "nowhere to send to"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.line);
    auto* pipeline = gst_parse_launch(row.line, nullptr);
    gst_element_set_context(pipeline, gst::make_context<Loop>(SimLoop::make()).get());
    CHECK(gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
    CHECK(error(pipeline).find(row.reason) != std::string::npos);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
  }
}

TEST_CASE("parleyingress to parleyegress: an echo, over the wire, in virtual time") {
  FarEnd far;
  const auto loop = SimLoop::make();
  const auto call = std::make_shared<CallMedia>();
  call->port = far.connect(loop);
  auto* pipeline = gst_parse_launch("parleyingress ! parleyegress", nullptr);
  gst_element_set_context(pipeline, gst::make_context<Loop>(loop).get());
  gst_element_set_context(pipeline, gst::make_context(call).get());
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  for (int n = 0; n < 50; ++n) {
    loop->pump_to(Nanos(1ms) * (20 * n + 13));
    Gate gate(*loop);
    far.voice(n);
  }
  loop->pump_to(1500ms);
  Samples heard;
  for (const auto& g : far.got) heard.insert(heard.end(), g.samples.begin(), g.samples.end());
  const auto value = g711::decode(g711::Law::mu, g711::encode(g711::Law::mu, 1000));
  CHECK(std::count(heard.begin(), heard.end(), value) >= 49 * 160);
  CHECK(far.got.back().at % 20ms == 15ms);  // just behind the arrival
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

namespace {

// A far end that buffers: what it was told, marks and clears in between.
struct Buffer final : BufferingEnd {
  std::string log;
  std::uint64_t last = 0;
  void mark(std::uint64_t id) override {
    last = id;
    log += "mark ";
  }
  void clear() override { log += "clear "; }
};

struct StreamCall : Call {
  std::shared_ptr<Buffer> buffer = std::make_shared<Buffer>();
  StreamCall() { h.call().buffering = buffer; }
  void echo() {
    Gate gate(h.loop());
    h.call().on_played(buffer->last);
  }
  std::string heard(std::int64_t utterance) {
    const auto q = ask_heard(h, utterance);
    const auto* s = gst_query_get_structure(q.get());
    return gst::get_text(s, "text") + (gst::get_bool(s, "pending") ? " ..." : "");
  }
};

}  // namespace

TEST_CASE("parleyegress: what a buffering far end has not echoed was not heard") {
  StreamCall c;
  c.h.advance(100ms);
  CHECK(c.far.got.empty());  // it plays silence by itself
  words(c.h, 1, "One two.", {"One", "two."}, "320,640");
  say(c.h, 1, 640, true);
  c.h.advance(200ms);
  CHECK(c.far.got.size() == 4);
  CHECK(c.buffer->log == "mark mark mark ");  // started, a word, the rest
  CHECK(spoken(c.h) == "");
  CHECK(c.heard(1) == " ...");
  c.echo();
  CHECK(spoken(c.h) == "started 1/0 sentence 1/2 finished 1/2 ");
  CHECK(c.heard(1) == "One two.");
}

TEST_CASE("parleyegress: a cut clears the far end's buffer, and later echoes say nothing") {
  StreamCall c;
  words(c.h, 1, "One two three.", {"One", "two", "three."}, "800,1600,8000");
  say(c.h, 1, 8000, true);
  c.h.advance(130ms);
  c.echo();  // the first word
  c.h.advance(120ms);
  CHECK(spoken(c.h) == "started 1/0 ");
  CHECK(c.heard(1) == "One ...");
  c.buffer->log.clear();
  flush(c.h);
  c.h.advance(100ms);
  CHECK(c.buffer->log == "clear ");
  CHECK(spoken(c.h) == "cut 1/1 ");
  c.echo();
  CHECK(spoken(c.h) == "");
  CHECK(c.heard(1) == "One");
}

TEST_CASE("parleyegress: a far end that echoes nothing is believed to have played after 2 s") {
  StreamCall c;
  words(c.h, 1, "One.", {"One."}, "320");
  say(c.h, 1, 320, true);
  c.h.advance(1900ms);
  CHECK(spoken(c.h) == "");
  c.h.advance(300ms);
  CHECK(spoken(c.h) == "started 1/0 sentence 1/1 finished 1/1 ");
}
