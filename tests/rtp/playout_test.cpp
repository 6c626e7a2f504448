#include "plugins/rtp/playout.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>

using namespace parley;

namespace {

using Samples = std::vector<std::int16_t>;

Samples tone(std::size_t n, int value = 1000) { return Samples(n, std::int16_t(value)); }

// A playout whose progress is text: "started 1 (0/160) ", with words and samples.
struct Bench {
  Playout playout;
  std::string log;

  explicit Bench(unsigned rate = 8000) : playout(rate) {}
  Samples tick() {
    Samples frame(playout.rate() / 50, 99);
    playout.tick(frame);
    note();
    return frame;
  }
  Samples ticks(int n) {
    Samples all;
    while (n-- > 0) {
      const auto frame = tick();
      all.insert(all.end(), frame.begin(), frame.end());
    }
    return all;
  }
  void note() {
    for (const auto& p : playout.take_progress())
      log += std::string(to_string(p.phase)) + ' ' + std::to_string(p.utterance) + " (" +
             std::to_string(p.words) + '/' + std::to_string(p.samples) + ") ";
  }
  std::string take_log() {
    note();
    return std::exchange(log, {});
  }
};

}  // namespace

TEST_CASE("playout: silence when there is nothing, then what is queued, without a seam") {
  Bench b;
  Samples frame(160, 99);
  CHECK_FALSE(b.playout.tick(frame));
  CHECK(frame == tone(160, 0));
  Samples ramp(250);
  std::iota(ramp.begin(), ramp.end(), std::int16_t(1));
  CHECK(b.playout.audio(0, std::span(ramp).first(100), false));
  CHECK(b.playout.audio(0, std::span(ramp).subspan(100), false));
  CHECK(b.playout.tick(frame));
  CHECK(std::equal(frame.begin(), frame.end(), ramp.begin()));
  CHECK(b.playout.tick(frame));
  CHECK(frame[89] == 250);
  CHECK(frame[90] == 0);
  CHECK(b.playout.empty());
  CHECK(b.take_log().empty());  // of no utterance: just played
}

TEST_CASE("playout: the ledger knows words, samples and text as they leave") {
  Bench b;
  b.playout.sentence(1, "Hello, dear caller.", {"Hello", "dear", "caller"}, {200, 320, 480});
  b.playout.audio(1, tone(400), false);
  b.playout.audio(1, tone(100), false);
  b.playout.sentence(1, "How are you?", {"How", "are", "you"}, {100, 160, 300});
  b.playout.audio(1, tone(320), true);

  struct Row {
    std::int64_t words, samples;
    const char* text;
    bool pending;
    const char* log;
  };
  const Row rows[] = {
      {0, 160, "", true, "started 1 (0/160) "},
      {2, 320, "Hello, dear", true, ""},
      {3, 480, "Hello, dear caller", true, ""},
      {4, 640, "Hello, dear caller. How", true, "sentence 1 (3/500) "},
      {6, 800, "Hello, dear caller. How are you", true, ""},
      {6, 820, "Hello, dear caller. How are you?", false, "sentence 1 (6/820) finished 1 (6/820) "},
  };
  CHECK(b.playout.heard(1).words == 0);
  for (const auto& row : rows) {
    CAPTURE(row.samples);
    b.tick();
    const auto heard = b.playout.heard(1);
    CHECK(heard.words == row.words);
    CHECK(heard.samples == row.samples);
    CHECK(heard.text == row.text);
    CHECK(heard.pending == row.pending);
    CHECK(b.take_log() == row.log);
  }
}

TEST_CASE("playout: a cut fades out in 60 ms, keeps what was heard and forgets the rest") {
  Bench b;
  b.playout.sentence(1, "One two three.", {"One", "two", "three."}, {300, 600, 900});
  b.playout.audio(1, tone(8000), false);
  b.playout.sentence(1, "Four.", {"Four."}, {100});
  b.playout.audio(1, tone(800), true);
  b.playout.sentence(2, "Five.", {"Five."}, {100});
  b.playout.audio(2, tone(800), true);
  b.ticks(4);
  CHECK(b.take_log() == "started 1 (0/160) ");
  b.playout.cut();
  CHECK(b.take_log() == "cut 1 (2/640) cut 2 (0/0) ");

  const auto fade = b.ticks(4);
  CHECK(fade[0] == 1000);
  CHECK(std::is_sorted(fade.rbegin(), fade.rend()));
  CHECK(fade[240] == 500);
  CHECK(fade[479] > 0);
  CHECK(fade[480] == 0);
  CHECK(b.playout.empty());
  CHECK(b.playout.idle());
  CHECK(b.playout.heard(1).text == "One two");
  CHECK(b.playout.heard(1).samples == 640);
  CHECK_FALSE(b.playout.heard(1).pending);

  CHECK(b.playout.audio(2, tone(160), true));  // a late result of what was cut
  CHECK(b.tick() == tone(160, 0));
  CHECK(b.playout.dropped() == 160);
  CHECK(b.playout.audio(3, tone(160), true));
  CHECK(b.tick() == tone(160));
  CHECK(b.take_log() == "started 3 (0/160) sentence 3 (0/160) finished 3 (0/160) ");
}

TEST_CASE("playout: new audio follows the fade of the old") {
  Bench b;
  b.playout.audio(1, tone(8000), true);
  b.tick();
  b.playout.cut();
  b.playout.audio(2, tone(320, 7), true);
  const auto heard = b.ticks(5);
  CHECK(heard[480] == 7);
  CHECK(heard[799] == 7);
  b.playout.cut();  // nothing left to cut
  CHECK(b.take_log() ==
        "started 1 (0/160) cut 1 (0/160) started 2 (0/160) sentence 2 (0/320) finished 2 (0/320) ");
}

TEST_CASE("playout: ducked by 18 dB within a frame, and back") {
  Bench b;
  b.playout.audio(1, tone(8000, 10000), true);
  b.playout.duck(true);
  const auto down = b.tick();
  CHECK(std::is_sorted(down.rbegin(), down.rend()));
  CHECK(down[0] > 9900);
  CHECK(std::abs(down[159] - 1260) < 5);
  CHECK(std::abs(b.tick()[0] - 1260) < 5);
  b.playout.duck(false);
  CHECK(b.tick()[159] > 9990);
  CHECK(b.tick() == tone(160, 10000));
}

TEST_CASE("playout: a cut ends the ducking, and fades from where it was") {
  Bench b;
  b.playout.audio(1, tone(8000, 10000), true);
  b.playout.duck(true);
  b.tick();
  b.playout.cut();
  b.playout.audio(2, tone(160, 10000), true);
  const auto heard = b.ticks(4);
  CHECK(std::abs(heard[0] - 1260) < 5);
  CHECK(heard[480] == 10000);
}

TEST_CASE("playout: a gap inside an utterance is an underrun, its end is none") {
  Bench b;
  b.playout.audio(1, tone(160), false);
  b.ticks(3);
  CHECK(b.playout.underruns() == 0);  // it may be over
  b.playout.audio(1, tone(160), false);
  CHECK(b.playout.underruns() == 1);
  b.ticks(3);
  b.playout.audio(1, {}, true);  // no more audio came: a buffer without a byte ends it
  CHECK(b.playout.underruns() == 1);
  CHECK(b.take_log() == "started 1 (0/160) sentence 1 (0/320) finished 1 (0/320) ");
  CHECK(b.playout.idle());
}

TEST_CASE("playout: where audio runs dry its last 10 ms fade out, and are not counted as heard") {
  for (const std::size_t length : {160u, 200u, 300u}) {
    CAPTURE(length);
    Bench b;
    b.playout.audio(1, tone(length), false);
    const auto out = b.ticks(5);
    CHECK(out[length - 1] == 1000);
    CHECK(out[length] == 1000);
    CHECK(out[length + 40] == 500);
    CHECK(out[length + 80] == 0);
    for (std::size_t i = 1; i < out.size(); ++i) CHECK(std::abs(out[i] - out[i - 1]) <= 13);
    CHECK(b.playout.heard(1).samples == std::int64_t(length));
    b.playout.audio(1, tone(100), true);  // what comes later is played whole, once
    CHECK(b.playout.underruns() == 1);
    const auto rest = b.ticks(3);
    CHECK(std::count(rest.begin(), rest.end(), 1000) == 100);
    CHECK(rest[100] == 0);  // an end is an end
  }
}

TEST_CASE("playout: an utterance without any audio is told as finished at once") {
  Bench b;
  b.playout.audio(4, {}, true);
  CHECK(b.take_log() == "finished 4 (0/0) ");
  b.playout.audio(5, tone(200), true);
  b.playout.audio(6, {}, true);  // behind what is still to be played
  CHECK(b.take_log().empty());
  b.ticks(2);
  CHECK(b.take_log() ==
        "started 5 (0/160) sentence 5 (0/200) finished 5 (0/200) finished 6 (0/0) ");
}

TEST_CASE("playout: the queue has a bound; what does not fit is counted, its end is kept") {
  Bench b;
  CHECK(b.playout.audio(1, tone(8000 * Playout::longest_s), false));
  CHECK_FALSE(b.playout.audio(1, tone(160), true));
  CHECK(b.playout.dropped() == 160);
  b.ticks(50 * int(Playout::longest_s));
  CHECK(b.take_log().find("finished 1 (0/960000)") != std::string::npos);
  CHECK(b.playout.audio(2, tone(160), true));
}

TEST_CASE("playout: utterances are remembered for a while, not for ever") {
  Bench b;
  for (int i = 1; i <= 100; ++i) {
    b.playout.audio(i, tone(160), true);
    b.tick();
  }
  CHECK(b.playout.heard(100).samples == 160);
  CHECK(b.playout.heard(95).samples == 160);
  CHECK(b.playout.heard(1).samples == 0);
}

TEST_CASE("playout: what of a live source was not played in time is passed by, speech is not") {
  Bench b;
  b.playout.audio(0, tone(320, 1), false);
  b.playout.audio(0, tone(160, 2), false);
  b.playout.audio(1, tone(160, 3), true);
  b.playout.pass(400);
  CHECK(b.playout.dropped() == 400);
  const auto next = b.tick();
  CHECK(next[79] == 2);
  CHECK(next[80] == 3);
  b.playout.pass(160);
  CHECK(b.tick()[79] == 3);
}

TEST_CASE("playout: a live source that came in a burst once is not late for ever") {
  constexpr int burst = 4, voiced = 20;
  Bench b;
  const auto live = [&](int n, int value) {
    int heard = 0;
    for (int i = 0; i < n; ++i) {
      b.playout.audio(0, tone(160, value), false);
      heard += b.tick() == tone(160, value);
    }
    return heard;
  };
  for (int i = 0; i < burst; ++i) b.playout.audio(0, tone(160, 5), false);
  live(60, 1000);  // while it says something nothing of it is left out
  CHECK(b.playout.dropped() == 0);
  live(60, 5);
  CHECK(b.playout.dropped() == burst * 160);
  CHECK(live(voiced, 1000) == voiced);  // it leaves in the frame it came in
}

TEST_CASE("playout: what is no live source is played to its last sample, however quiet") {
  Bench file, speech;
  file.playout.audio(0, tone(3 * 8000, 5), false);
  for (int i = 0; i < 150; ++i) CHECK(file.tick() == tone(160, 5));
  for (int i = 0; i < 4; ++i) speech.playout.audio(1, tone(160, 5), false);
  for (int i = 0; i < 120; ++i) {
    speech.playout.audio(1, tone(160, 5), false);
    CHECK(speech.tick() == tone(160, 5));
  }
  CHECK(file.playout.dropped() + speech.playout.dropped() == 0);
}

TEST_CASE("playout: what waits fades out, keeps its place, and fades in again") {
  Bench b;
  b.playout.audio(1, tone(160 * 10), true);
  b.tick();
  b.playout.wait(true);
  const auto out = b.tick();
  CHECK(out[0] > 900);
  CHECK(out[80] == doctest::Approx(500).epsilon(0.05));
  CHECK(out[159] == 0);
  CHECK(b.ticks(500) == tone(160 * 500, 0));
  CHECK(b.playout.heard(1).samples == 320);
  CHECK(b.playout.underruns() == 0);
  CHECK_FALSE(b.playout.empty());
  b.playout.wait(false);
  const auto in = b.tick();
  CHECK(in[0] < 100);
  CHECK(in[159] == 1000);
  CHECK(b.ticks(7) == tone(160 * 7));
  CHECK(b.take_log() == "started 1 (0/160) sentence 1 (0/1600) finished 1 (0/1600) ");
}

TEST_CASE("playout: what waits may be cut, and what is said instead waits too") {
  Bench b;
  b.playout.audio(1, tone(1600), true);
  b.tick();
  b.playout.duck(true);
  b.playout.wait(true);
  b.ticks(2);
  b.playout.cut();
  b.playout.audio(2, tone(320), true);
  CHECK(b.ticks(50) == tone(8000, 0));
  CHECK(b.take_log() == "started 1 (0/160) cut 1 (0/320) ");
  b.playout.wait(false);
  b.tick();
  CHECK(b.tick() == tone(160));
  CHECK(b.take_log() == "started 2 (0/160) sentence 2 (0/320) finished 2 (0/320) ");
}

TEST_CASE("playout: a fade is over when waiting begins, and a live source goes by") {
  Bench b;
  b.playout.audio(1, tone(1600), true);
  b.tick();
  b.playout.cut();
  b.playout.wait(true);
  b.tick();
  CHECK(b.tick() == tone(160, 0));
  b.playout.audio(0, tone(480, 7), false);
  b.ticks(3);
  CHECK(b.playout.empty());
}

TEST_CASE("playout: at 16 kHz a frame has 320 samples and the fade 960") {
  Bench b(16000);
  b.playout.audio(1, tone(16000), true);
  CHECK(b.tick() == tone(320));
  b.playout.cut();
  const auto fade = b.ticks(4);
  CHECK(fade[959] > 0);
  CHECK(fade[960] == 0);
}

TEST_CASE("playout: at twice the rate what waits goes on, and the ledger with it") {
  Bench b;
  Samples said(1600);
  for (std::size_t i = 0; i < said.size(); ++i)
    said[i] = std::int16_t(8000 * std::sin(double(i) * 0.3));
  b.playout.sentence(1, "one two", {"one", "two"}, {400, 1500});
  b.playout.audio(1, said, true);
  b.ticks(3);
  CHECK(b.playout.heard(1).words == 1);
  b.playout.widen();
  CHECK(b.playout.rate() == 16000);
  CHECK(b.playout.heard(1).samples == 960);
  CHECK(b.playout.heard(1).words == 1);
  const auto wide = b.ticks(7);
  REQUIRE(wide.size() == 2240);
  // The same tone, as late as the filter is, from the first sample on.
  for (std::size_t i = 0; i < 2200; ++i)
    CHECK(std::abs(wide[i] - 8000 * std::sin((480 + (double(i) - 31) / 2) * 0.3)) < 200);
  CHECK(b.playout.heard(1).words == 2);
  CHECK(b.log.find("finished 1") != std::string::npos);
}
