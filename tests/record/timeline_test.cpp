#include "plugins/record/timeline.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

using namespace parley;
using namespace parley::record;

namespace {

constexpr unsigned rate = 8000;
const Timeline::Agent nobody = [](Nanos, std::span<std::int16_t> out) {
  std::fill(out.begin(), out.end(), std::int16_t(0));
};

std::vector<std::int16_t> side(const std::vector<std::int16_t>& stereo, std::size_t which) {
  std::vector<std::int16_t> one;
  for (auto i = which; i < stereo.size(); i += 2) one.push_back(stereo[i]);
  return one;
}

// An hour of a caller whose clock is `ppm` fast, as a receiver hands it on: on the timeline of the
// caller's clock, a quiet frame left out when that runs 60 ms ahead of ours, one made up when it
// lags 80 ms. A click a minute of our time; how far each lies from where it belongs.
struct Hour {
  Hour(double ppm, bool talks) {
    const Nanos packet(std::int64_t(20e6 / (1 + ppm * 1e-6)));
    for (std::int64_t n = 0; packet * n < std::chrono::minutes(60); ++n) {
      const Nanos spoken = packet * n;
      now = spoken + packet;  // sent when it has been spoken, here at once
      std::int64_t click = -1;
      if (spoken >= std::chrono::minutes(1) * std::int64_t(clicks.size() + 1)) {
        click = 40;
        clicks.push_back(spoken + 5ms);
      }
      receive(sound(n, click, talks));
      if (n % 10 == 0) spot(now - 200ms);
    }
    spot(now);
  }

  std::vector<std::int16_t> sound(std::int64_t n, std::int64_t click, bool talks) const {
    std::vector<std::int16_t> frame(160);  // talk: three seconds of a hum, then a breath of one
    for (std::size_t i = 0; talks && n % 200 < 150 && i < 160; ++i)
      frame[i] = std::int16_t(2000 * std::sin(double(n * 160 + std::int64_t(i)) * 0.3));
    if (click >= 0) frame[std::size_t(click)] = 30000;
    return frame;
  }

  void receive(std::span<const std::int16_t> frame) {
    const bool silent =
        std::all_of(frame.begin(), frame.end(), [](int s) { return std::abs(s) < 130; });
    if (end - (now - 20ms) > 60ms && silent) return;
    if (now - end >= 80ms) pass(std::vector<std::int16_t>(160));
    pass(frame);
  }

  void pass(std::span<const std::int16_t> frame) {
    timeline.caller(now, end, frame);
    end += 20ms;
  }

  // Keeps only where the clicks are, for an hour is long.
  void spot(Nanos until) {
    std::vector<std::int16_t> recorded;
    timeline.take(until, nobody, recorded);
    const auto caller = side(recorded, 0);
    for (std::size_t i = 0; i < caller.size(); ++i)
      if (caller[i] > 20000) found.push_back(Nanos(1s) / rate * (before + std::int64_t(i)));
    before += std::int64_t(caller.size());
  }

  double worst_ms() const {
    double worst = 0;
    for (std::size_t i = 0; i < std::min(found.size(), clicks.size()); ++i)
      worst = std::max(worst, std::abs(double((found[i] - clicks[i]).count())) / 1e6);
    return worst;
  }

  Timeline timeline{rate};
  Nanos now{0}, end{0};
  std::int64_t before = 0;
  std::vector<Nanos> clicks, found;
};

std::vector<std::int16_t> ones(std::size_t n, std::int16_t value = 1000) {
  return std::vector<std::int16_t>(n, value);
}

}  // namespace

TEST_CASE("timeline: the caller is left, the agent right, each where its time says") {
  Timeline t(rate);
  t.caller(60ms, 40ms, ones(160));
  std::vector<std::int16_t> out;
  t.take(
      100ms,
      [](Nanos from, std::span<std::int16_t> o) {
        for (auto& s : o) {
          s = from >= 80ms ? 500 : 0;
          from += 125us;
        }
      },
      out);
  const auto left = side(out, 0), right = side(out, 1);
  REQUIRE(left.size() == 800);
  CHECK(left[319] == 0);
  CHECK(left[320] == 1000);
  CHECK(left[479] == 1000);
  CHECK(left[480] == 0);
  CHECK(right[639] == 0);
  CHECK(right[640] == 500);
  CHECK(t.length() == 100ms);
  CHECK(t.late() == 0);
}

TEST_CASE("timeline: an hour with a clock 300 ppm off drifts less than 20 ms (P12)") {
  for (const double ppm : {300.0, -300.0})
    for (const bool talks : {false, true}) {
      CAPTURE(ppm);
      CAPTURE(talks);
      const Hour hour(ppm, talks);
      REQUIRE(hour.clicks.size() == 59);
      CHECK(hour.found.size() == 59);
      CHECK(hour.worst_ms() < 20);
      MESSAGE("worst ", hour.worst_ms(), " ms");
    }
}

TEST_CASE("timeline: a paused stretch is silence on both sides and what follows keeps its place") {
  Timeline t(rate);
  const Timeline::Agent agent = [](Nanos, std::span<std::int16_t> o) {
    std::fill(o.begin(), o.end(), std::int16_t(500));
  };
  std::vector<std::int16_t> out;
  for (int i = 0; i < 50; ++i) {
    if (i == 10) t.pause(20ms * i);
    if (i == 20) t.resume(20ms * i);
    t.caller(20ms * (i + 1), 20ms * i, ones(160));
  }
  t.take(1s, agent, out);
  const auto left = side(out, 0), right = side(out, 1);
  REQUIRE(left.size() == 8000);
  for (const auto* s : {&left, &right}) {
    CHECK((*s)[1599] != 0);
    CHECK((*s)[1600] == 0);
    CHECK((*s)[3199] == 0);
    CHECK((*s)[3200] != 0);
  }
  CHECK(t.silenced() == 200ms);
}

TEST_CASE("timeline: silence that was made up gives way to the sound that comes after all") {
  Timeline t(rate);
  std::vector<std::int16_t> out;
  // Three seconds of fillers, 60 ms behind the present; then the caller speaks without a delay.
  for (int i = 0; i < 150; ++i) {
    t.caller(20ms * (i + 1) + 60ms, 20ms * i, ones(160, 0));
    t.take(20ms * i - 120ms, nobody, out);
  }
  for (int i = 0; i < 20; ++i) t.caller(3080ms + 20ms * i, 3060ms + 20ms * i, ones(160));
  t.take(3500ms, nobody, out);
  const auto left = side(out, 0);
  CHECK(std::count(left.begin(), left.end(), 1000) == 3200);
  CHECK(left[3060 * 8 - 1] == 0);
  CHECK(left[3060 * 8] == 1000);
  CHECK(t.late() == 0);
}

TEST_CASE("timeline: what is too late for its place is counted") {
  Timeline t(rate);
  std::vector<std::int16_t> out;
  t.take(1s, nobody, out);
  t.caller(520ms, 500ms, ones(160));
  CHECK(t.late() == 160);
}
