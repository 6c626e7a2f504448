// parleyingress on a virtual loop, with a wire in place of the network.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "plugins/gstpp/context.hpp"
#include "plugins/gstpp/structure.hpp"
#include "plugins/rtp/rtcp.hpp"
#include "tests/rtp/far_end.hpp"
#include "tests/rtp/voice_signal.hpp"
#include "tests/support/harness.hpp"

using namespace parley;
using test::FarEnd;

namespace {

struct Bench {
  FarEnd far;
  test::Harness h;

  explicit Bench(const std::string& line = "parleyingress", Address announced = FarEnd::theirs,
                 const std::function<void(CallMedia&, const LoopRef&)>& prepare = {})
      : h(line) {
    h.call().port = far.connect(h.loop().shared_from_this());
    h.call().remote = announced;
    if (prepare) prepare(h.call(), h.loop().shared_from_this());
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
  Bench b("parleyingress payload-map=0=PCMU/8000,96=telephone-event/8000");
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

TEST_CASE(
    "parleyingress: without a timeout the call goes on, and why nothing is heard is told once") {
  Bench b;
  b.h.advance(3600s);
  const auto missing = b.h.told("media.missing");
  REQUIRE(missing.size() == 1);
  CHECK(text(missing[0], "cause") == "no_rtp");
  CHECK(b.h.told("media.timeout").empty());
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
  b.on_loop([&] { b.h.call().on_key({'7', 100}); });
  const auto told = b.h.told("dtmf.received");
  REQUIRE(told.size() == 1);
  CHECK(text(told[0], "digit") == "7");
  CHECK(number(told[0], "duration_ms") == 100);
  CHECK(b.h.events("parley-dtmf").size() == 1);
  b.stop();
  CHECK_FALSE(b.h.call().on_key);
}

namespace {

// A voice through an encoder, packet by packet.
struct Speaker {
  Bench& b;
  int type;
  const rtp::Codec& codec;
  std::unique_ptr<rtp::Encoder> encoder = codec.encoder(codec.decoded_rate(""), "useinbandfec=1");
  std::vector<std::int16_t> said = test::voice_signal(codec.decoded_rate(""), 2);

  void say(int sequence, std::uint32_t timestamp, int frame) {
    const auto size = codec.decoded_rate("") / 50;
    std::vector<std::uint8_t> payload(rtp::longest_payload);
    payload.resize(
        encoder->encode(std::span(said).subspan(std::size_t(frame) * size, size), payload));
    b.on_loop([&] { b.far.send(type, sequence, timestamp, payload); });
    b.h.advance(20ms);
  }
};

// What came out, by the rate of its caps.
std::vector<std::pair<int, std::vector<std::int16_t>>> came_out(Bench& b) {
  std::vector<std::pair<int, std::vector<std::int16_t>>> all;
  while (auto* e = gst_harness_try_pull_event(b.h.get())) {
    if (GST_EVENT_TYPE(e) == GST_EVENT_CAPS) {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(e, &caps);
      int rate = 0;
      gst_structure_get_int(gst_caps_get_structure(caps, 0), "rate", &rate);
      all.push_back({rate, {}});
    }
    gst_event_unref(e);
  }
  return all;
}

}  // namespace

TEST_CASE("parleyingress: each codec is heard at its own rate") {
  for (const auto* codec : rtp::codecs()) {
    CAPTURE(std::string(codec->name));
    const auto map =
        fmt::format("{}={}/{};{}", codec->usual_type, codec->name, codec->clock_rate, codec->wants);
    Bench b("parleyingress payload-map=" + map);
    Speaker speaker{.b = b, .type = codec->usual_type, .codec = *codec};
    for (int n = 0; n < 100; ++n) speaker.say(n, std::uint32_t(n) * codec->clock_rate / 50, n);
    const auto caps = came_out(b);
    REQUIRE(caps.size() == 1);
    CHECK(unsigned(caps[0].first) == codec->decoded_rate(""));
    const auto heard = b.h.audio();
    CHECK(heard.size() >= speaker.said.size());
    CHECK(test::snr_db(speaker.said, heard) > (codec->name == "opus"     ? 9
                                               : codec->name == "AMR-WB" ? 7
                                                                         : 25));
  }
}

TEST_CASE("parleyingress: a mode that the far end requests is noted, and that it wants none") {
  Bench b("parleyingress payload-map=105=AMR-WB/16000;octet-align=1");
  const auto& codec = *rtp::find_codec("AMR-WB", 16000, "octet-align=1");
  std::vector<std::uint8_t> payload(rtp::longest_payload);
  const auto silence = std::vector<std::int16_t>(320);
  payload.resize(codec.encoder(16000, "")->encode(silence, payload));
  int n = 0;
  const auto request = [&](int mode) {
    payload[0] = std::uint8_t(mode << 4);
    b.on_loop([&] { b.far.send(105, n, std::uint32_t(n) * 320, payload); });
    b.h.advance(20ms);
    ++n;
    return b.h.call().far_mode;
  };
  CHECK(request(15) == std::nullopt);
  CHECK(request(1) == 1);
  CHECK(request(9) == 1);  // of no meaning
  CHECK(request(8) == 8);
  CHECK(request(15) == std::nullopt);
}

TEST_CASE("parleyingress: the far end may change between the codecs of the map in mid-call") {
  Bench b;
  Speaker mu{.b = b, .type = 0, .codec = *rtp::find_fixed_codec(0)};
  Speaker wide{.b = b, .type = 9, .codec = *rtp::find_fixed_codec(9)};
  Speaker opus{.b = b, .type = 111, .codec = *rtp::find_codec("opus", 48000)};
  std::uint32_t timestamp = 1000;
  for (int n = 0; n < 90; ++n) {
    auto& speaker = n < 30 ? mu : n < 60 ? wide : opus;
    speaker.say(n, timestamp, n);
    timestamp += speaker.codec.clock_rate / 50;
  }
  const auto caps = came_out(b);
  REQUIRE(caps.size() == 2);  // Opus has G.722's
  CHECK(caps[0].first == 8000);
  CHECK(caps[1].first == 16000);
  const auto heard = b.h.audio();
  CHECK(heard.size() >= 30 * 160 + 60 * 320);
  CHECK(heard.size() <= 30 * 160 + 62 * 320);
  const std::span narrow(heard.data(), 30 * 160);
  CHECK(test::snr_db(std::span(mu.said).first(30 * 160), narrow, 0) > 30);
  const auto wide_part = std::span(heard).subspan(30 * 160);
  CHECK(test::snr_db(std::span(wide.said).subspan(35 * 320, 20 * 320), wide_part.subspan(5 * 320)) >
        15);
}

TEST_CASE("parleyingress: after a change of the map what was still on its way is heard as well") {
  Bench b("parleyingress payload-map=0=PCMU/8000");
  for (int n = 0; n < 10; ++n) b.voice(n);
  const auto ingress = gst::adopt(gst_harness_find_element(b.h.get(), "parleyingress"));
  g_object_set(ingress.get(), "payload-map", "8=PCMA/8000", nullptr);
  for (int n = 10; n < 13; ++n) b.voice(n);
  b.on_loop([&] { b.far.send(8, 13, 13 * 160, std::vector<std::uint8_t>(160, 0xd5)); });
  b.h.advance(20ms);
  const auto heard = b.h.audio();
  CHECK(heard.size() == 14 * 160);
  CHECK(std::count(heard.begin(), heard.end(), heard[0]) == 13 * 160);
  b.stop();
  const auto summary = b.h.told("media.summary");
  REQUIRE(summary.size() == 1);
  CHECK(number(summary[0], "malformed") == 0);
}

TEST_CASE("parleyingress: a lost packet of Opus is heard from the next one's FEC") {
  const auto heard = [](int every) {
    Bench b("parleyingress payload-map=111=opus/48000");
    Speaker opus{.b = b, .type = 111, .codec = *rtp::find_codec("opus", 48000)};
    for (int n = 0; n < 100; ++n)
      if (every && n % every == every - 1) {
        std::vector<std::uint8_t> lost(rtp::longest_payload);
        opus.encoder->encode(std::span(opus.said).subspan(std::size_t(n) * 320, 320), lost);
        b.h.advance(20ms);
      } else {
        opus.say(n, std::uint32_t(n) * 960, n);
      }
    return test::snr_db(opus.said, b.h.audio());
  };
  const auto whole = heard(0), lossy = heard(5);
  CHECK(whole > 9);
  CHECK(lossy > 6);
}

TEST_CASE("parleyingress: on hold its music is not heard, and nobody is missed") {
  Bench b("parleyingress timeout-ms=1000");
  for (int n = 0; n < 10; ++n) b.voice(n);
  const auto ingress = gst::adopt(gst_harness_find_element(b.h.get(), "parleyingress"));
  b.h.audio();
  g_object_set(ingress.get(), "held", TRUE, nullptr);
  for (int n = 10; n < 60; ++n) b.voice(n);
  const auto held = b.h.audio();
  CHECK(held.size() >= 49 * 160);
  CHECK(std::all_of(held.begin() + 320, held.end(), [](int s) { return s == 0; }));
  b.h.advance(60s);
  CHECK(b.h.told("media.timeout").empty());
  g_object_set(ingress.get(), "held", FALSE, nullptr);
  b.h.advance(900ms);
  CHECK(b.h.told("media.timeout").empty());
  for (int n = 60; n < 70; ++n) b.voice(n);
  const auto again = b.h.audio();
  CHECK(std::count(again.begin(), again.end(), again.back()) >= 9 * 160);
  CHECK(again.back() != 0);
  b.h.advance(2s);
  CHECK(b.h.told("media.timeout").size() == 1);
}

TEST_CASE("parleyingress: whom we hold is not heard, keys are only told, who is gone is missed") {
  Bench b("parleyingress timeout-ms=1000");
  for (int n = 0; n < 10; ++n) b.voice(n);
  const auto ingress = gst::adopt(gst_harness_find_element(b.h.get(), "parleyingress"));
  b.h.audio();
  b.h.events("parley-hold");
  g_object_set(ingress.get(), "holding", TRUE, nullptr);
  for (int n = 10; n < 60; ++n) b.voice(n);
  const auto quiet = b.h.audio();
  CHECK(quiet.size() >= 49 * 160);
  CHECK(std::all_of(quiet.begin() + 320, quiet.end(), [](int s) { return s == 0; }));
  b.on_loop([&] { b.h.call().on_key({'5', 100}); });
  CHECK(b.h.told("dtmf.received").size() == 1);
  CHECK(b.h.events("parley-dtmf").empty());
  g_object_set(ingress.get(), "held", TRUE, nullptr);  // and they hold us
  b.voice(60);
  g_object_set(ingress.get(), "holding", FALSE, nullptr);
  b.voice(61);
  CHECK(b.h.events("parley-hold").size() == 1);  // still on hold
  b.h.audio();
  g_object_set(ingress.get(), "held", FALSE, "holding", TRUE, nullptr);
  b.voice(62);
  b.h.advance(900ms);
  CHECK(b.h.told("media.timeout").empty());
  b.h.advance(200ms);
  CHECK(b.h.told("media.timeout").size() == 1);
}

TEST_CASE("parleyingress: a key by telephone event and by another way is one, twice is two") {
  Bench b;
  b.voice(0);
  for (const int n : {1, 2}) {
    CAPTURE(n);
    b.on_loop([&] {
      b.far.send(101, n, std::uint32_t(160 * n), {5, 0x8a, 3, 0});
      b.h.call().on_key({'5', 100});
    });
    b.h.advance(300ms);
    CHECK(b.h.told("dtmf.received").size() == 1);
  }
  b.on_loop([&] { b.h.call().on_key({'6', 100}); });
  b.h.advance(2s);
  b.on_loop([&] { b.far.send(101, 3, 48000, {6, 0x8a, 3, 0}); });  // another press
  b.h.advance(300ms);
  CHECK(b.h.told("dtmf.received").size() == 2);
}

TEST_CASE("parleyingress: telephone events of 48 kHz last as long as those of 8 kHz") {
  Bench b("parleyingress payload-map=111=opus/48000,110=telephone-event/48000");
  b.on_loop([&] { b.far.send(111, 0, 0, {0x48, 1, 2, 3, 4, 5, 6, 7, 8}); });
  b.on_loop([&] { b.far.send(110, 1, 960, {7, 0x8a, 0x12, 0xc0}); });
  b.h.advance(300ms);
  const auto told = b.h.told("dtmf.received");
  REQUIRE(told.size() == 1);
  CHECK(number(told[0], "duration_ms") == 100);
}

TEST_CASE("parleyingress: a payload map that is none is refused at the start") {
  auto* pipeline = gst_parse_launch("parleyingress payload-map=0=GSM/8000 ! fakesink", nullptr);
  CHECK(gst_element_set_state(pipeline, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

namespace {

// A far end with RTCP on a wire of its own.
struct RtcpEnd {
  static constexpr Address ours{0x7f000001, 20001}, theirs{0x7f000001, 4001};
  std::shared_ptr<PacketPort> rtcp;
  std::vector<rtp::Rtcp> got;
};

struct RtcpBench : RtcpEnd, Bench {
  RtcpBench()
      : Bench("parleyingress", FarEnd::theirs, [this](CallMedia& call, const LoopRef& loop) {
          auto [near, far] = make_wire(loop, ours, theirs);
          call.rtcp_port = near;
          rtcp = far;
          rtcp->receive([this](std::span<const std::uint8_t> bytes, const Address&) {
            if (const auto read = rtp::parse_rtcp(bytes, 7)) got.push_back(*read);
          });
        }) {}
  void report(const rtp::Rtcp& r) {
    std::vector<std::uint8_t> bytes(rtp::longest_rtcp);
    bytes.resize(rtp::write_rtcp(r, bytes));
    on_loop([&] { rtcp->send(bytes, ours); });
  }
};

double real(const gst::Ref<GstMessage>& m, const char* field) {
  return gst::get_double(gst_message_get_structure(m.get()), field);
}

}  // namespace

TEST_CASE("parleyingress: reports what it hears by RTCP, and tells the quality every 5 s at most") {
  RtcpBench b;
  for (int n = 0; n < 3000; ++n) {
    if (n % 10 == 5)
      b.h.advance(20ms);
    else
      b.voice(n);
    if (n % 250 == 0)
      b.report({.ssrc = 7,
                .sender = rtp::SenderInfo{.ntp = std::uint64_t(n + 1) << 32},
                .cname = "phone"});
  }
  REQUIRE(b.got.size() >= 10);
  CHECK(b.got.size() <= 30);
  const auto& last = b.got.back();
  REQUIRE(last.block);
  CHECK(last.block->fraction > 20);
  CHECK(last.block->fraction < 31);
  CHECK(last.block->lost > 250);
  CHECK(last.block->last_sr != 0);
  CHECK(last.block->since_sr < 6 * 65536);
  const auto told = b.h.told("media.quality");
  CHECK(told.size() >= 6);
  CHECK(told.size() <= 12);
  CHECK(real(told.back(), "lost_percent") == doctest::Approx(10).epsilon(.2));
  CHECK(real(told.back(), "mos") < 3.6);
  CHECK(real(told.back(), "mos") > 2);
  CHECK(real(told.back(), "far_mos") == -1);
  b.stop();
  b.h.advance(20ms);
  CHECK(b.got.back().bye);
  const auto summary = b.h.told("media.summary");
  REQUIRE(summary.size() == 1);
  CHECK(number(summary[0], "rtcp_received") == 12);
  CHECK(number(summary[0], "rtcp_sent") == std::int64_t(b.got.size()));
  CHECK(number(summary[0], "concealed_ms") > 5000);
}

TEST_CASE("parleyingress: a payload type that was not agreed on is named once (P20)") {
  Bench b;
  for (int n = 0; n < 600; ++n) {
    b.on_loop([&] { b.far.send(18, n, std::uint32_t(n) * 160, std::vector<std::uint8_t>(20)); });
    b.h.advance(20ms);
  }
  const auto told = b.h.told("media.missing");
  REQUIRE(told.size() == 1);
  CHECK(text(told[0], "cause") == "wrong_payload_type");
  CHECK(text(told[0], "detail").find("payload type 18") != std::string::npos);
}

TEST_CASE("parleyingress: a far end that is muted is named after a while, once (P20)") {
  Bench b;
  for (int n = 0; n < 2000; ++n) {
    b.on_loop([&] { b.far.voice(n, 0); });
    b.h.advance(20ms);
  }
  const auto told = b.h.told("media.missing");
  REQUIRE(told.size() == 1);
  CHECK(text(told[0], "cause") == "silence_only");
}

TEST_CASE("parleyingress: tones are keys where telephone events were not agreed on") {
  for (const bool events : {false, true}) {
    CAPTURE(events);
    Bench b(events ? "parleyingress payload-map=0=PCMU/8000,101=telephone-event/8000"
                   : "parleyingress payload-map=0=PCMU/8000");
    for (int n = 0; n < 50; ++n) {
      std::vector<std::uint8_t> payload;
      for (int i = n * 160; i < (n + 1) * 160; ++i) {
        const double t = 2 * 3.14159265358979 * i / 8000;
        const double tone = n >= 10 && n < 15 ? std::sin(t * 770) + std::sin(t * 1336) : 0;
        payload.push_back(g711::encode(g711::Law::mu, std::int16_t(5000 * tone)));
      }
      b.on_loop([&] { b.far.send(0, n, std::uint32_t(n) * 160, payload); });
      b.h.advance(20ms);
    }
    const auto keys = b.h.told("dtmf.received");
    REQUIRE(keys.size() == (events ? 0 : 1));
    if (!events) CHECK(text(keys[0], "digit") == "5");
    if (!events) CHECK(std::abs(number(keys[0], "duration_ms") - 100) <= 30);
  }
}
