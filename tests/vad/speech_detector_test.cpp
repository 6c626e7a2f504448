#include "plugins/vad/speech_detector.hpp"

#include <doctest/doctest.h>

#include "tests/vad/sounds.hpp"

using namespace parley;
using namespace parley::test;

namespace {

constexpr int hangover = 25;

struct Heard {
  std::vector<int> starts, ends;  // frames after which it was noticed
  std::vector<SpeechEdge> edges;
};

Heard listen(const Samples& samples) {
  SpeechDetector detector;
  Heard heard;
  for (std::size_t i = 0; i + 160 <= samples.size(); i += 160) {
    const auto edge = detector.push(Periodicity::Frame(samples.data() + i, 160), hangover);
    if (!edge) continue;
    (edge->speech ? heard.starts : heard.ends).push_back(int(i / 160) + 1);
    heard.edges.push_back(*edge);
  }
  return heard;
}

std::size_t voiced_frames(const Samples& samples) {
  Periodicity p;
  std::size_t count = 0;
  for (std::size_t i = 0; i + 160 <= samples.size(); i += 160)
    count += p.voiced(Periodicity::Frame(samples.data() + i, 160));
  return count;
}

}  // namespace

TEST_CASE("endpointer: three frames of six on which both agree start speech") {
  struct Row {
    const char* frames;  // b: both, w: WebRTC alone, v: pitch alone, -: neither
    int start;           // the frame that starts it; 0: none
  };
  for (const auto& row : {Row{"bbb", 3},
                          {"bb-b", 4},
                          {"b--b-b", 6},
                          {"b--b--b--b", 0},
                          {"wwwwwwww", 0},
                          {"vvvvvvvv", 0},
                          {"wvwvbb-b", 8}}) {
    CAPTURE(std::string(row.frames));
    Endpointer e;
    int start = 0, frame = 0;
    for (const char* c = row.frames; *c; ++c) {
      ++frame;
      const auto edge = e.push(*c == 'b' || *c == 'w', *c == 'b' || *c == 'v', hangover);
      if (edge && edge->speech) start = frame;
    }
    CHECK(start == row.start);
  }
}

TEST_CASE("endpointer: pitch alone holds speech; after the hangover it ends and says since when") {
  Endpointer e;
  for (int i = 0; i < 3; ++i) e.push(true, true, 5);
  for (int i = 0; i < 10; ++i) CHECK_FALSE(e.push(false, true, 5));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(e.push(true, false, 5));
  const auto end = e.push(true, false, 5);
  REQUIRE(end);
  CHECK_FALSE(end->speech);
  CHECK(end->silent_frames == 5);
  CHECK(end->voiced_frames == 13);
  CHECK_FALSE(e.end());
}

TEST_CASE("endpointer: speech can be ended at once") {
  Endpointer e;
  for (int i = 0; i < 3; ++i) e.push(true, true, 5);
  const auto end = e.end();
  REQUIRE(end);
  CHECK(end->silent_frames == 0);
  CHECK_FALSE(e.in_speech());
}

TEST_CASE("periodicity: a voice has pitch; noise, clicks, hum and silence have none") {
  const auto voice = speech("rms", "Good morning, I would like to speak to somebody.");
  CHECK(voiced_frames(join({silence(500), voice})) > voice.size() / 160 / 2);
  CHECK(voiced_frames(silence(2000)) == 0);
  CHECK(voiced_frames(noise(2000, 300)) < 3);
  CHECK(voiced_frames(clicks(4000, 8000)) < 12);
  CHECK(voiced_frames(hum(4000, 500)) < 8);
}

TEST_CASE("periodicity: deep and pressed voices are heard for most of a sentence") {
  for (const std::string voice : {"kal16", "espeak:en-us", "espeak:en-us+f3"}) {
    CAPTURE(voice);
    const auto said = speech(voice, "I am calling about my telephone bill.");
    CHECK(voiced_frames(join({silence(500), said})) > said.size() / 160 * 6 / 10);
  }
}

TEST_CASE("speech detector: a sentence of any voice is one start and one end, within its bounds") {
  for (const std::string voice : {"rms", "slt", "kal16", "espeak:en-us", "espeak:en-us+f3"}) {
    CAPTURE(voice);
    const auto said = speech(voice, "I am calling about my telephone bill.");
    const auto heard = listen(join({silence(1000), said, silence(1000)}));
    REQUIRE(heard.starts.size() == 1);
    REQUIRE(heard.ends.size() == 1);
    CHECK(heard.starts[0] > 50);
    CHECK(heard.starts[0] <= 50 + 12);
    const int last = heard.ends[0] - heard.edges[1].silent_frames;
    const int said_end = 50 + int(said.size() / 160);
    CHECK(last <= said_end + 2);
    CHECK(last > said_end - 20);
  }
}

TEST_CASE("speech detector: noise, hum, clicks and silence never start speech") {
  CHECK(listen(silence(10000)).starts.empty());
  CHECK(listen(noise(20000, 500)).starts.empty());
  CHECK(listen(join({silence(2000), noise(20000, 500, 2)})).starts.size() <= 1);
  CHECK(listen(hum(10000, 800)).starts.empty());
  CHECK(listen(clicks(20000, 12000)).starts.empty());
}

TEST_CASE("speech detector: speech is found in noise of 10 dB below it") {
  const auto said = speech("rms", "Good morning, I am calling about my bill.");
  const auto heard = listen(
      mix(join({silence(3000), said, silence(1500)}), noise(10000, caller::speech_rms * 0.316)));
  CHECK(heard.starts.size() >= 1);
  CHECK(heard.starts.size() <= 2);
  CHECK(heard.starts.at(0) > 150);
  CHECK(heard.starts.at(0) <= 150 + 15);
}
