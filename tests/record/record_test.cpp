#include "plugins/record/record.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <thread>
#include <vector>

#include "plugins/gstpp/structure.hpp"
#include "plugins/record/recorder.hpp"
#include "tests/record/support.hpp"
#include "tests/support/full_disk.hpp"
#include "tests/support/harness.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace parley;
using namespace parley::test;

namespace {

void wait_until_closed() {
  while (record::open_recordings() != 0) std::this_thread::yield();
}

// Pushes a tone as the caller and has the agent say another one, a frame at a time.
void talk(Harness& h, int ms, int caller, int agent) {
  for (int done = 0; done < ms; done += 20) {
    const std::vector<std::int16_t> said(160, std::int16_t(agent));
    {
      Gate gate(h.loop());
      h.call().sent.put(h.loop().now(), 8000, said);
    }
    h.advance(20ms);
    h.push(std::vector<std::int16_t>(160, std::int16_t(caller)));
  }
}

std::int64_t number(const gst::Ref<GstMessage>& message, const char* field) {
  return gst::get_int(gst_message_get_structure(message.get()), field);
}

}  // namespace

TEST_CASE("parleyrecord: the caller is left, the agent right, in line; all passes unchanged") {
  for (const std::string format : {"wav", "opus"}) {
    const TemporaryFolder folder;
    const auto path = folder / ("call." + format);
    {
      Harness h("parleyrecord path=" + path + " format=" + format);
      talk(h, 1000, 1000, 0);
      talk(h, 1000, 0, 2000);
      talk(h, 1000, 0, 0);
      CHECK(h.audio().size() == 24000);
      REQUIRE(h.told("recording.started").size() == 1);
      REQUIRE(h.told("recording.finished").empty());
    }
    wait_until_closed();
    const auto sound = read_sound(path);
    CHECK(sound.seconds() == doctest::Approx(3.0).epsilon(0.01));
    if (format == "opus") continue;  // what is constant, a codec of speech leaves out
    CHECK(sound.at(7990, 0) == 1000);
    CHECK(sound.at(8000, 0) == 0);
    CHECK(sound.at(7999, 1) == 0);
    CHECK(sound.at(8000, 1) == 2000);
    CHECK(sound.at(15999, 1) == 2000);
    CHECK(sound.at(16000, 1) == 0);
  }
}

TEST_CASE("parleyrecord: pausing leaves silence from the last frame before, and tells where") {
  const TemporaryFolder folder;
  const auto path = folder / "call.wav";
  {
    Harness h("parleyrecord path=" + path);
    talk(h, 1000, 1000, 2000);
    g_object_set(h.element(), "paused", TRUE, nullptr);
    talk(h, 500, 1000, 2000);
    g_object_set(h.element(), "paused", FALSE, nullptr);
    talk(h, 500, 1000, 2000);
    const auto paused = h.told("recording.paused"), resumed = h.told("recording.resumed");
    REQUIRE(paused.size() == 1);
    REQUIRE(resumed.size() == 1);
    CHECK(number(paused[0], "position_ms") == 1000);
    CHECK(number(resumed[0], "position_ms") == 1520);
  }
  wait_until_closed();
  const auto sound = read_sound(path);
  CHECK(sound.seconds() == doctest::Approx(2.0));
  for (const int side : {0, 1}) {
    CHECK(sound.at(7999, side) != 0);
    CHECK(sound.level(side, 1.0, 1.52) == 0);
    CHECK(sound.at(12160, side) != 0);
  }
}

TEST_CASE("parleyrecord: what the agent says before the caller's first packet is recorded") {
  const TemporaryFolder folder;
  const auto path = folder / "call.wav";
  {
    Harness h("parleyrecord path=" + path);
    for (int i = 0; i < 50; ++i) {
      {
        Gate gate(h.loop());
        h.call().sent.put(h.loop().now(), 8000, std::vector<std::int16_t>(160, 2000));
      }
      h.advance(20ms);
    }
  }
  wait_until_closed();
  const auto sound = read_sound(path);
  CHECK(sound.level(1, 0.0, 0.99) > 1900);
}

TEST_CASE("parleyrecord: a full disk ends the recording with an event; the call goes on") {
  const TemporaryFolder folder;
  const auto path = folder / "call.wav";
  std::optional<FullDisk> full(100'000);
  {
    Harness h("parleyrecord path=" + path);
    talk(h, 8000, 1000, 2000);
    CHECK(h.audio().size() == 64000);
    const auto failed = h.told("recording.failed");
    REQUIRE(failed.size() == 1);
    CHECK(gst::get_text(gst_message_get_structure(failed[0].get()), "detail") ==
          path + ": File too large");
    const auto finished = h.told("recording.finished");
    REQUIRE(finished.size() == 1);
  }
  wait_until_closed();
  full.reset();
  CHECK(read_sound(path).seconds() > 2.9);
}

TEST_CASE(
    "parleyrecord: without a path it is a wire, and a wrong format is an error that says so") {
  {
    Harness h("parleyrecord");
    h.push_tone(100);
    CHECK(h.audio().size() == 800);
    CHECK(h.told("recording.started").empty());
  }
  auto* alone = gst_element_factory_make("parleyrecord", nullptr);
  g_object_set(alone, "format", "mp3", nullptr);
  CHECK(gst_element_set_state(alone, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE);
  gst_element_set_state(alone, GST_STATE_NULL);
  gst_object_unref(alone);
}

TEST_CASE("recorder: what finds no room is silence of the same length, and counted") {
  const TemporaryFolder folder;
  const auto path = folder / "call.wav";
  bool room = true;
  {
    record::Recorder recorder({.path = path}, [&](Strand& strand, record::Recorder::Work work) {
      return room && strand.submit([work = std::move(work)] { work(); });
    });
    const std::vector<std::int16_t> second(16000, 1000);
    recorder.write(second);
    room = false;
    recorder.write(second);
    CHECK(recorder.lost() == 8000);
    room = true;
    recorder.write(second);
  }
  wait_until_closed();
  const auto sound = read_sound(path);
  CHECK(sound.seconds() == doctest::Approx(3.0));
  CHECK(sound.level(0, 0, 1) == doctest::Approx(1000));
  CHECK(sound.level(0, 1, 2) == 0);
  CHECK(sound.level(0, 2, 3) == doctest::Approx(1000));
}
