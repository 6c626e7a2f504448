#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "plugins/rtp/call_media.hpp"

using namespace parley;

namespace {

using Frame = std::array<std::int16_t, 160>;

Frame filled(int value) {
  Frame f;
  f.fill(std::int16_t(value));
  return f;
}

}  // namespace

TEST_CASE("sent audio: what left reads back at its time, to the sample") {
  SentAudio sent;
  Frame ramp;
  std::iota(ramp.begin(), ramp.end(), std::int16_t(1));
  const Nanos start(123456789012);  // no multiple of a sample
  sent.put(start, 8000, ramp);
  sent.put(start + 20ms, 8000, filled(70));
  Frame out;
  CHECK(sent.get(start + 10ms, 8000, out));
  CHECK(out[0] == 81);
  CHECK(out[79] == 160);
  CHECK(out[80] == 70);
  CHECK(out[159] == 70);
}

TEST_CASE("sent audio: before, between and after what left there is silence") {
  SentAudio sent;
  Frame out = filled(9);
  CHECK_FALSE(sent.get(0ms, 8000, out));
  CHECK(out == filled(0));
  sent.put(100ms, 8000, filled(500));
  sent.put(200ms, 8000, filled(600));
  CHECK_FALSE(sent.get(140ms, 8000, out));
  CHECK_FALSE(sent.get(220ms, 8000, out));
  CHECK(sent.get(100ms, 16000, out));  // twice the rate: each sample stands twice
  CHECK(out[0] == 500);
  CHECK(out[159] == 500);
  CHECK(sent.get(90ms, 8000, out));
  CHECK(out[79] == 0);
  CHECK(out[80] == 500);
}

TEST_CASE("sent audio: half a second back is kept, what is older is gone") {
  SentAudio sent;
  for (int i = 0; i < 100; ++i) sent.put(20ms * i, 8000, filled(i + 1));
  Frame out;
  CHECK(sent.get(20ms * 75, 8000, out));
  CHECK(out == filled(76));
  CHECK_FALSE(sent.get(20ms * 74, 8000, out));
  sent.put(10s, 8000, filled(100));  // a long gap
  CHECK_FALSE(sent.get(9500ms, 8000, out));
  CHECK(sent.get(10s, 8000, out));
  CHECK(out == filled(100));
}

TEST_CASE("sent audio: a codec's idle noise is silence, of which there is no echo") {
  SentAudio sent;
  sent.put(1s, 8000, filled(100));
  sent.put(1s + 20ms, 8000, filled(-8));  // A-law's least
  Frame out;
  CHECK(sent.get(1s, 8000, out));
  CHECK_FALSE(sent.get(1s + 20ms, 8000, out));
}

TEST_CASE("sent audio: when the rate rises what left before reads back as it was") {
  SentAudio sent;
  for (int i = 0; i < 60; ++i) sent.put(20ms * i, 8000, filled(100 + i));
  std::array<std::int16_t, 320> wide;
  wide.fill(1000);
  sent.put(1200ms, 16000, wide);
  CHECK(sent.rate() == 16000);
  CHECK(sent.get(1190ms, 16000, wide));
  CHECK(wide[0] == 159);
  CHECK(wide[158] == 159);
  CHECK(wide[160] == 1000);
  Frame narrow;
  CHECK(sent.get(800ms, 8000, narrow));
  CHECK(narrow[0] == 140);
  CHECK(narrow[159] == 140);
}
