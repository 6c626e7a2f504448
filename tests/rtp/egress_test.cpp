// parleyegress on a virtual loop: as the sink of a call over a wire, and with an element behind it.
#include <doctest/doctest.h>

#include <array>
#include <fstream>

#include "tests/record/support.hpp"
#include "tests/rtp/egress_call.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace parley;
using namespace parley::test;

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
       {std::pair{"parleyegress", 0},
        std::pair{"parleyegress payload-map=8=PCMA/8000,0=PCMU/8000", 8}}) {
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
  Harness h("parleyegress");
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
  Harness h("parleyegress");
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
  Harness h("parleyegress");
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
  Harness h("parleyegress", wide);
  h.advance(20ms);
  CHECK(h.audio().size() == 2 * 320);

  // RTP: the codec's rate first, but the other one is taken too.
  for (const auto& [line, first] : {std::pair{"parleyegress", 8000},
                                    std::pair{"parleyegress payload-map=9=G722/8000", 16000}}) {
    CAPTURE(line);
    Call rtp(line);
    const auto pad = gst::adopt(gst_element_get_static_pad(rtp.h.element(), "sink"));
    auto* taken = gst_caps_fixate(gst_pad_query_caps(pad.get(), nullptr));
    int rate = 0;
    gst_structure_get_int(gst_caps_get_structure(taken, 0), "rate", &rate);
    CHECK(rate == first);
    gst_caps_unref(taken);
    const auto wide_caps = gst::adopt(gst_caps_from_string(wide));
    const auto all = gst::adopt(gst_pad_query_caps(pad.get(), nullptr));
    CHECK(gst_caps_can_intersect(all.get(), wide_caps.get()));
  }
}

TEST_CASE("parleyegress: in virtual time it is no live source") {
  Harness h("parleyegress");
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
      {"appsrc ! parleyegress payload-map=3=GSM/8000", "GSM/8000 is no codec of ours"},
      {"appsrc ! parleyegress payload-map=101=telephone-event/8000", "there is no codec"},
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
  for (int n = 0; n < 150; ++n) {
    loop->pump_to(Nanos(1ms) * (20 * n + 13));
    Gate gate(*loop);
    far.voice(n);
  }
  loop->pump_to(3500ms);
  Samples heard;
  for (const auto& g : far.got) heard.insert(heard.end(), g.samples.begin(), g.samples.end());
  const auto value = g711::decode(g711::Law::mu, g711::encode(g711::Law::mu, 1000));
  CHECK(std::count(heard.begin(), heard.end(), value) >= 149 * 160);
  CHECK(far.got.back().at % 20ms == 15ms);  // just behind the arrival
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

namespace {

// An agent with sounds of one value each, in a folder of its own.
struct Sounds {
  TemporaryFolder folder;
  std::string agent = folder / "agent.toml";

  Sounds() {
    write_sound(folder / "office.wav", 8000, Samples(8000, 10000));
    write_sound(folder / "music.wav", 8000, Samples(8000, 4000));
    std::ofstream(agent) << "name='x'\n[ambient]\nfile='office.wav'\n[hold]\nfile='music.wav'\n"
                            "[[step]]\nid='a'\nend='Bye.'\n";
  }
};

int last_sample(const FarEnd& far) { return far.got.empty() ? 0 : far.got.back().samples.back(); }

int last_sent(Harness& h) {
  std::array<std::int16_t, 1> one{};
  h.call().sent.get(h.loop().now() - 1ms, 8000, one);
  return one[0];
}

}  // namespace

TEST_CASE("parleyegress: ambient sound is behind the voice, hold music in its place") {
  const Sounds sounds;
  Call c("parleyegress name=out agent=" + sounds.agent);
  const auto hold = [&](bool on) {
    const auto out = gst::adopt(gst_bin_get_by_name(GST_BIN(c.h.element()), "out"));
    g_object_set(out.get(), "hold-music", gboolean(on), nullptr);
  };
  c.h.advance(400ms);
  CHECK(last_sample(c.far) == doctest::Approx(316).epsilon(0.05));
  CHECK(last_sent(c.h) == 0);  // ambient sound is no echo
  hold(true);
  c.h.advance(400ms);
  CHECK(last_sample(c.far) == doctest::Approx(316 + 2005).epsilon(0.05));
  CHECK(last_sent(c.h) == doctest::Approx(2005).epsilon(0.01));
  say(c.h, 1, 1600, true);
  c.h.advance(1s);
  CHECK(last_sample(c.far) == doctest::Approx(316 + 2005).epsilon(0.05));  // what is said waits
  CHECK(spoken(c.h).empty());
  hold(false);
  c.h.advance(160ms);
  CHECK(last_sample(c.far) == doctest::Approx(316 + loud).epsilon(0.05));
  c.h.advance(240ms);
  CHECK(spoken(c.h) == "started 1/0 sentence 1/0 finished 1/0 ");
  CHECK(last_sample(c.far) == doctest::Approx(316).epsilon(0.05));
  CHECK(last_sent(c.h) == 0);
  CHECK(c.h.told("sound.missing").empty());
}

TEST_CASE("parleyegress: a sound that is missing is told, and the call goes on") {
  const Sounds sounds;
  std::filesystem::remove(sounds.folder / "office.wav");
  Call c("parleyegress agent=" + sounds.agent);
  c.h.advance(400ms);
  const auto told = c.h.told("sound.missing");
  REQUIRE(told.size() == 1);
  CHECK(gst::get_text(gst_message_get_structure(told[0].get()), "path") ==
        sounds.folder / "office.wav");
  CHECK(c.far.got.size() >= 19);
  CHECK(last_sample(c.far) == 0);
}
