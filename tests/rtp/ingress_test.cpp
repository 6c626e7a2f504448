// parleyingress on a virtual loop, with a wire in place of the network.
#include <doctest/doctest.h>

#include <random>

#include "plugins/gstpp/context.hpp"
#include "plugins/gstpp/structure.hpp"
#include "tests/rtp/far_end.hpp"
#include "tests/support/harness.hpp"

using namespace parley;
using test::FarEnd;

namespace {

struct Bench {
  FarEnd far;
  test::Harness h;

  explicit Bench(const std::string& line = "parleyingress", Address announced = FarEnd::theirs)
      : h(line) {
    h.call().port = far.connect(h.loop().shared_from_this());
    h.call().remote = announced;
    gst_harness_play(h.get());
  }
  template <class F>
  void on_loop(F&& f) {
    Gate gate(h.loop());
    f();
  }
  void voice(int n) {
    on_loop([&] { far.voice(n); });
    h.advance(20ms);
  }
  void stop() { gst_element_set_state(h.element(), GST_STATE_NULL); }
};

std::string text(const gst::Ref<GstMessage>& m, const char* field) {
  return gst::get_text(gst_message_get_structure(m.get()), field);
}
std::int64_t number(const gst::Ref<GstMessage>& m, const char* field) {
  return gst::get_int(gst_message_get_structure(m.get()), field);
}

}  // namespace

TEST_CASE("parleyingress: stream-start, caps and segment come first, then audio with its time") {
  Bench b;
  b.h.advance(100ms);
  for (int n = 0; n < 5; ++n) b.voice(n);
  const GstEventType expected[] = {GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT};
  for (const auto type : expected) {
    const auto e = gst::adopt(gst_harness_try_pull_event(b.h.get()));
    REQUIRE(e);
    CHECK(GST_EVENT_TYPE(e.get()) == type);
  }
  GstClockTime pts = 80 * GST_MSECOND;  // the first packet arrived at 100 ms, its end
  for (int n = 0; n < 5; ++n) {
    const auto buffer = gst::adopt(gst_harness_try_pull(b.h.get()));
    REQUIRE(buffer);
    CHECK(GST_BUFFER_PTS(buffer.get()) == pts);
    CHECK(GST_BUFFER_DURATION(buffer.get()) == 20 * GST_MSECOND);
    CHECK(gst_buffer_get_size(buffer.get()) == 320);
    CHECK(GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT) == (n == 0));
    pts += 20 * GST_MSECOND;
  }
  const auto started = b.h.told("media.started");
  REQUIRE(started.size() == 1);
  CHECK(text(started[0], "from") == to_string(FarEnd::theirs));
}

TEST_CASE("parleyingress: it is live, with 20 ms of latency") {
  Bench b;
  const auto q = gst::adopt(gst_query_new_latency());
  REQUIRE(gst_element_query(b.h.element(), q.get()));
  gboolean live = FALSE;
  GstClockTime low = 0, high = 0;
  gst_query_parse_latency(q.get(), &live, &low, &high);
  CHECK(live);
  CHECK(low == 20 * GST_MSECOND);
  CHECK(high == GST_CLOCK_TIME_NONE);
  gst_element_set_state(b.h.element(), GST_STATE_NULL);
  b.h.call().port = b.far.connect(b.h.loop().shared_from_this());
  CHECK(gst_element_set_state(b.h.element(), GST_STATE_PAUSED) == GST_STATE_CHANGE_NO_PREROLL);
}

TEST_CASE("parleyingress: a key press goes down as one event and is told once") {
  Bench b;
  b.voice(0);
  b.on_loop([&] {
    for (int i = 1; i <= 3; ++i) b.far.send(101, i, 160, {11, 0x0a, std::uint8_t(i), 0});
    for (int i = 4; i <= 6; ++i) b.far.send(101, i, 160, {11, 0x8a, 4, 0});
  });
  b.h.advance(300ms);
  const auto events = b.h.events("parley-dtmf");
  REQUIRE(events.size() == 1);
  CHECK(gst::get_text(gst_event_get_structure(events[0].get()), "digit") == "#");
  CHECK(gst::get_int(gst_event_get_structure(events[0].get()), "duration-ms") == 128);
  const auto told = b.h.told("dtmf.received");
  REQUIRE(told.size() == 1);
  CHECK(text(told[0], "digit") == "#");
  CHECK(number(told[0], "duration_ms") == 128);
}

TEST_CASE("parleyingress: another payload type for telephone events is a property") {
  Bench b("parleyingress dtmf-payload-type=96");
  b.voice(0);
  b.on_loop([&] {
    b.far.send(101, 1, 160, {1, 0x8a, 4, 0});
    b.far.send(96, 2, 320, {2, 0x8a, 4, 0});
  });
  b.h.advance(300ms);
  const auto told = b.h.told("dtmf.received");
  REQUIRE(told.size() == 1);
  CHECK(text(told[0], "digit") == "2");
}

TEST_CASE("parleyingress: answers go to the first sender, until a new description says otherwise") {
  Bench b("parleyingress", {0xc0000201, 9});
  b.voice(0);
  CHECK(b.h.call().remote == FarEnd::theirs);
  b.h.call().remote = {0xc0000202, 10};
  b.voice(1);
  CHECK(b.h.call().remote == Address{0xc0000202, 10});  // the old sender is no news
}

TEST_CASE("parleyingress: when no RTP comes one line says who was expected") {
  struct Row {
    const char* what;
    Address announced;
    int packets;
    bool garbage;
    const char* detail;
  };
  const Row rows[] = {
      {"announced", FarEnd::theirs, 0, false,
       "no RTP arrived from 127.0.0.1:4000 at 127.0.0.1:20000 within 5 s"},
      {"nobody announced", {}, 0, false, "no RTP arrived at 127.0.0.1:20000 within 5 s"},
      {"something else came",
       {},
       0,
       true,
       "no RTP arrived at 127.0.0.1:20000 within 5 s; 1 datagrams came that were not our RTP"},
      {"it stopped", FarEnd::theirs, 50, false,
       "RTP from 127.0.0.1:4000 to 127.0.0.1:20000 stopped 5 s ago"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Bench b("parleyingress timeout-ms=5000", row.announced);
    for (int n = 0; n < row.packets; ++n) b.voice(n);
    if (row.garbage) b.on_loop([&] { b.far.send(std::vector<std::uint8_t>{1, 2, 3}); });
    b.h.advance(4900ms);
    CHECK(b.h.told("media.missing").empty());
    b.h.advance(10s);
    const auto missing = b.h.told("media.missing");
    REQUIRE(missing.size() == 1);
    CHECK(text(missing[0], "detail") == row.detail);
    CHECK(b.h.told("media.timeout").size() == 1);
  }
}

TEST_CASE("parleyingress: without a timeout nothing is missed") {
  Bench b;
  b.h.advance(3600s);
  CHECK(b.h.told("media.missing").empty());
}

TEST_CASE("parleyingress: at the end it tells what went through, egress's part too") {
  Bench b;
  for (int n = 0; n < 20; ++n)
    if (n != 5) b.voice(n);
  b.on_loop([&] { b.far.send(std::vector<std::uint8_t>{1, 2, 3}); });
  b.h.advance(20ms);
  b.h.call().packets_sent = 12;
  b.h.call().underruns = 2;
  b.stop();
  const auto told = b.h.told("media.summary");
  REQUIRE(told.size() == 1);
  CHECK(number(told[0], "received") == 19);
  CHECK(number(told[0], "lost") == 1);
  CHECK(number(told[0], "malformed") == 1);
  CHECK(number(told[0], "foreign") == 0);
  CHECK(number(told[0], "sent") == 12);
  CHECK(number(told[0], "underruns") == 2);
}

TEST_CASE("parleyingress: an EOS sent to it ends the stream") {
  Bench b;
  b.voice(0);
  CHECK(gst_element_send_event(b.h.element(), gst_event_new_flush_stop(FALSE)) == FALSE);
  b.on_loop([&] { CHECK(gst_element_send_event(b.h.element(), gst_event_new_eos())); });
  b.h.advance(20ms);
  bool ended = false;
  while (const auto e = gst::adopt(gst_harness_try_pull_event(b.h.get())))
    ended |= GST_EVENT_TYPE(e.get()) == GST_EVENT_EOS;
  CHECK(ended);
  const auto heard = b.h.audio().size();
  b.voice(1);
  CHECK(b.h.audio().empty());
  CHECK(heard > 0);
}

TEST_CASE("parleyingress: garbage on the port harms nothing") {
  Bench b;
  std::mt19937 random(1);
  for (int n = 0; n < 500; ++n) {
    b.on_loop([&] {
      for (int i = 0; i < 4; ++i) {
        std::vector<std::uint8_t> garbage(random() % 2000);
        for (auto& byte : garbage) byte = std::uint8_t(random());
        if (!garbage.empty() && i % 2) garbage[0] = 0x80;
        b.far.send(garbage);
      }
    });
    b.voice(n);
  }
  CHECK(b.h.audio().size() >= 500 * 160);
  CHECK(b.h.told("media.missing").empty());
  b.stop();
  const auto told = b.h.told("media.summary");
  REQUIRE(told.size() == 1);
  CHECK(number(told[0], "received") >= 500);
  CHECK(number(told[0], "malformed") > 500);
}

TEST_CASE("parleyingress: virtual time without a packet port is refused in so many words") {
  auto* pipeline = gst_parse_launch("parleyingress ! fakesink", nullptr);
  gst_element_set_context(pipeline, gst::make_context<Loop>(SimLoop::make()).get());
  CHECK(gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
  const auto bus = gst::adopt(gst_element_get_bus(pipeline));
  const auto m = gst::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  REQUIRE(m);
  gchar* debug = nullptr;
  gst_message_parse_error(m.get(), nullptr, &debug);
  CHECK(std::string(debug).find("live sources refuse PARLEY_TIME=virtual") != std::string::npos);
  g_free(debug);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

TEST_CASE("parleyingress: a key that came by another way than RTP is told like any other") {
  Bench b;
  b.on_loop([&] { b.h.call().on_key('7', 100); });
  const auto told = b.h.told("dtmf.received");
  REQUIRE(told.size() == 1);
  CHECK(text(told[0], "digit") == "7");
  CHECK(number(told[0], "duration_ms") == 100);
  CHECK(b.h.events("parley-dtmf").size() == 1);
  b.stop();
  CHECK_FALSE(b.h.call().on_key);
}
