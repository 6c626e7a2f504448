// parleyegress and the wire: codecs, packet times, hold, keys.
#include <doctest/doctest.h>

#include <algorithm>

#include "plugins/dsp/half_band.hpp"
#include "tests/rtp/egress_call.hpp"
#include "tests/rtp/voice_signal.hpp"

using namespace parley;
using namespace parley::test;

namespace {

constexpr auto wide_voice = "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=16000";

void caps(Harness& h, const char* text) {
  Gate gate(h.loop());
  const auto pad = gst::adopt(gst_element_get_static_pad(h.element(), "sink"));
  const auto c = gst::adopt(gst_caps_from_string(text));
  gst_pad_send_event(pad.get(), gst_event_new_caps(c.get()));
}

void say(Harness& h, std::int64_t utterance, const Samples& samples) {
  auto* buffer = gst_buffer_new_memdup(samples.data(), samples.size() * 2);
  GST_BUFFER_OFFSET(buffer) = guint64(utterance);
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);
  CHECK(gst_harness_push(h.get(), buffer) == GST_FLOW_OK);
}

Samples heard_by(const FarEnd& far) {
  Samples all;
  for (const auto& g : far.got) all.insert(all.end(), g.samples.begin(), g.samples.end());
  return all;
}

Samples resampled(const Samples& samples, unsigned from, unsigned to) {
  Samples out;
  if (from == to) return samples;
  from < to ? Upsampler().push(samples, out) : Downsampler().push(samples, out);
  return out;
}

void set(Harness& h, const char* property, const char* value) {
  const auto egress = gst::adopt(gst_harness_find_element(h.get(), "parleyegress"));
  gst_util_set_object_arg(G_OBJECT(egress.get()), property, value);
}

}  // namespace

TEST_CASE("parleyegress: every codec carries a voice, whatever rate it comes with") {
  struct Row {
    const char* map;
    unsigned rate, clock;
    double least_db;
  };
  constexpr Row rows[] = {{"0=PCMU/8000", 8000, 8000, 30},
                          {"9=G722/8000", 16000, 8000, 25},
                          {"97=L16/16000", 16000, 16000, 100},
                          {"111=opus/48000", 16000, 48000, 8}};
  for (const auto& row : rows)
    for (const unsigned rate : {8000U, 16000U}) {
      CAPTURE(row.map);
      CAPTURE(rate);
      Call c(std::string("parleyegress payload-map=") + row.map);
      if (rate == 16000) caps(c.h, wide_voice);
      say(c.h, 1, test::voice_signal(rate, 2));
      c.h.advance(2100ms);
      REQUIRE(c.far.got.size() == 106);
      for (std::size_t i = 1; i < c.far.got.size(); ++i)
        CHECK(c.far.got[i].packet.timestamp - c.far.got[i - 1].packet.timestamp == row.clock / 50);
      const auto heard = heard_by(c.far);
      REQUIRE(heard.size() == 106 * row.rate / 50);
      CHECK(test::snr_db(resampled(test::voice_signal(rate, 2), rate, row.rate), heard) >
            row.least_db);
    }
}

TEST_CASE("parleyegress: the mode that the far end requests is sent from the next packet on") {
  Call c("parleyegress payload-map=104=AMR-WB/16000;mode-set=028");
  const auto& codec = *rtp::find_codec("AMR-WB", 16000);
  const auto mode = [&] { return codec.modes(c.far.got.back().payload).spoken; };
  c.h.advance(100ms);
  CHECK(mode() == 2);
  c.h.call().far_mode = 8;
  c.h.advance(40ms);
  CHECK(mode() == 8);
  c.h.call().far_mode = 1;
  c.h.advance(40ms);
  CHECK(mode() == 0);
  c.h.call().far_mode.reset();
  c.h.advance(40ms);
  CHECK(mode() == 2);
}

TEST_CASE("parleyegress: with dtx silence is described, and speech is sent as ever") {
  for (const bool dtx : {false, true}) {
    CAPTURE(dtx);
    Call c(std::string("parleyegress payload-map=104=AMR-WB/16000 dtx=") +
           (dtx ? "true" : "false"));
    c.h.advance(4s);
    const auto silent = c.far.got.size();
    CHECK((silent < 60) == dtx);
    caps(c.h, wide_voice);
    say(c.h, 1, test::voice_signal(16000, 2));
    c.h.advance(2s);
    CHECK(c.far.got.size() - silent >= (dtx ? 45 : 99));
    CHECK(c.far.got.back().packet.timestamp - c.far.got.front().packet.timestamp >= 285 * 320);
  }
}

TEST_CASE("parleyegress: Opus is encoded with less effort while the loop is late") {
  const auto stream = [](Nanos late) {
    Call c("parleyegress payload-map=111=opus/48000 complexity=10 seed=1");
    static_cast<SimLoop&>(c.h.loop()).pretend_late(late);
    const auto voice = voice_signal(16000, 4);
    caps(c.h, wide_voice);
    say(c.h, 1, voice);
    c.h.advance(4s);
    std::vector<std::vector<std::uint8_t>> all;
    for (const auto& g : c.far.got) all.push_back(g.payload);
    return all;
  };
  const auto in_time = stream(0ms), a_little = stream(500us), late = stream(5ms);
  CHECK(in_time == a_little);
  CHECK(in_time != late);
  CHECK(in_time.size() == late.size());
}

TEST_CASE("parleyegress: packets of 10 to 60 ms hold the same sound, evenly stamped") {
  const auto said = test::voice_signal(8000, 2);
  for (const unsigned ms : {10U, 20U, 30U, 40U, 50U, 60U}) {
    CAPTURE(ms);
    Call c("parleyegress always-send=false ptime=" + std::to_string(ms));
    say(c.h, 1, said);
    c.h.advance(2200ms);
    CHECK(c.far.got.size() >= (2000 + ms - 1) / ms);
    CHECK(c.far.got.size() <= 2000 / ms + 2);  // the last is filled up with silence
    for (std::size_t i = 0; i < c.far.got.size(); ++i) {
      CHECK(c.far.got[i].samples.size() == ms * 8);
      CHECK(c.far.got[i].packet.timestamp == c.far.got[0].packet.timestamp + i * ms * 8);
      CHECK(c.far.got[i].packet.marker == (i == 0));
    }
    CHECK(test::snr_db(said, heard_by(c.far)) > 30);
    if (ms == 10) CHECK(c.far.got[1].at - c.far.got[0].at == 10ms);
  }
}

TEST_CASE("parleyegress: codec and packet time change while it speaks, and nothing is lost") {
  const auto said = test::voice_signal(8000, 3);
  Call c("parleyegress always-send=false");
  say(c.h, 1, said);
  c.h.advance(990ms);
  set(c.h, "payload-map", "97=L16/16000");
  c.h.advance(1000ms);
  set(c.h, "ptime", "40");
  set(c.h, "payload-map", "8=PCMA/8000");
  c.h.advance(1200ms);
  std::vector<int> types;
  Samples narrow;
  for (const auto& g : c.far.got) {
    if (types.empty() || types.back() != g.packet.payload_type)
      types.push_back(g.packet.payload_type);
    for (std::size_t i = 0; i < g.samples.size(); i += g.packet.payload_type == 97 ? 2 : 1)
      narrow.push_back(g.samples[i]);
  }
  CHECK(types == std::vector{0, 97, 8});
  REQUIRE(narrow.size() >= said.size());
  CHECK(test::snr_db(std::span(said).first(7000), narrow) > 30);
  CHECK(test::snr_db(std::span(said).last(7000), std::span(narrow).subspan(said.size() - 7000)) >
        15);
  set(c.h, "payload-map", "nonsense");  // told, and left as it was
  say(c.h, 2, said);
  c.h.advance(100ms);
  CHECK(c.far.got.back().packet.payload_type == 8);
}

TEST_CASE(
    "parleyegress: audio that becomes wideband while it speaks cuts nothing and loses no word") {
  const auto said = test::voice_signal(16000, 6);
  Samples narrow;
  Downsampler().push(said, narrow);
  Call c("parleyegress payload-map=9=G722/8000");
  caps(c.h, "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=8000");
  words(c.h, 1, "narrow part", {"narrow", "part"}, "8000,23000");
  say(c.h, 1, {narrow.begin(), narrow.begin() + 24000});
  c.h.advance(1990ms);
  caps(c.h, wide_voice);  // the next sentence; a second of this one is still to be heard
  words(c.h, 2, "wide part", {"wide", "part"}, "16000,46000");
  say(c.h, 2, {said.begin() + 48000, said.end()});
  c.h.advance(10ms);
  CHECK(spoken(c.h) == "started 1/0 ");
  CHECK(gst::get_int(gst_query_get_structure(ask_heard(c.h, 1).get()), "words") == 1);
  c.h.advance(3s);
  caps(c.h, "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=8000");
  words(c.h, 3, "narrow again", {"narrow", "again"}, "8000,15000");
  say(c.h, 3, {narrow.begin(), narrow.begin() + 16000});
  c.h.advance(4s);
  CHECK(spoken(c.h) ==
        "sentence 1/2 finished 1/2 started 2/0 sentence 2/2 finished 2/2 "
        "started 3/0 sentence 3/2 finished 3/2 ");
  const auto heard = heard_by(c.far);
  REQUIRE(heard.size() > 128000);
  // Each as late as its filters are, without a hole where the rate rose.
  CHECK(test::snr_db(std::span(said).first(47000), heard) > 15);
  CHECK(test::snr_db(std::span(said).subspan(48000, 47000), std::span(heard).subspan(48000)) > 15);
  CHECK(test::snr_db(std::span(said).first(30000), std::span(heard).subspan(96000)) > 15);
}

TEST_CASE("parleyegress: on hold nothing leaves, and what was being said goes on after it") {
  const auto said = test::voice_signal(8000, 2);
  Call c;
  say(c.h, 1, said);
  c.h.advance(1s);
  const auto before = c.far.got.size();
  set(c.h, "held", "true");
  c.h.advance(5s);
  CHECK(c.far.got.size() == before);
  set(c.h, "held", "false");
  c.h.advance(1100ms);
  const auto& first = c.far.got[before];
  CHECK(first.packet.marker);
  CHECK(first.packet.sequence == std::uint16_t(c.far.got[before - 1].packet.sequence + 1));
  CHECK(first.packet.timestamp - c.far.got[before - 1].packet.timestamp == 251 * 160);
  CHECK(test::snr_db(said, heard_by(c.far)) > 30);
}

TEST_CASE("parleyegress: keys leave as telephone events, and what is said waits for them") {
  const auto said = test::voice_signal(8000, 1);
  Call c;
  say(c.h, 1, said);
  c.h.advance(190ms);
  {
    Gate gate(c.h.loop());
    CHECK_FALSE(c.h.call().press_keys("5x"));
    CHECK(c.h.call().press_keys("5#"));
  }
  c.h.advance(1500ms);
  std::vector<const FarEnd::Got*> events;
  for (const auto& g : c.far.got)
    if (g.packet.payload_type == 101) events.push_back(&g);
  REQUIRE(events.size() == 14);  // 20, 40, 60, 80 ms and three times the end, for each key
  for (std::size_t i = 0; i < 14; ++i) {
    CAPTURE(i);
    const auto n = i % 7;
    const auto& e = *events[i];
    CHECK(e.packet.marker == (n == 0));
    CHECK(e.packet.timestamp == events[i - n]->packet.timestamp);
    CHECK(e.payload[0] == (i < 7 ? 5 : 11));
    CHECK(bool(e.payload[1] & 0x80) == (n >= 4));
    CHECK(e.payload[2] * 256 + e.payload[3] == int(std::min<std::size_t>(n + 1, 5)) * 160);
    if (n > 0) CHECK(e.at - events[i - 1]->at == 20ms);
  }
  CHECK(events[7]->packet.timestamp - events[0]->packet.timestamp == 160 * 8);
  CHECK(test::snr_db(said, heard_by(c.far)) > 30);
  for (std::size_t i = 1; i < c.far.got.size(); ++i)
    CHECK(c.far.got[i].packet.sequence == std::uint16_t(c.far.got[i - 1].packet.sequence + 1));
}

TEST_CASE("parleyegress: who takes no telephone events is sent none") {
  Call c("parleyegress payload-map=0=PCMU/8000");
  c.h.advance(50ms);
  Gate gate(c.h.loop());
  CHECK_FALSE(c.h.call().press_keys("5"));
}
