#include "plugins/testkit/line.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "plugins/testkit/segmental_snr.hpp"

using namespace parley;
using namespace parley::testkit;

namespace {

using Samples = std::vector<std::int16_t>;

// Something like a voice: a tone whose level and pitch wander.
Samples voice(int seconds) {
  Samples all(std::size_t(seconds) * 8000);
  double phase = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double t = double(i) / 8000;
    phase += 2 * M_PI * (180 + 60 * std::sin(2 * M_PI * 0.7 * t)) / 8000;
    const double level = 4000 * (0.6 + 0.4 * std::sin(2 * M_PI * 3 * t));
    all[i] = std::int16_t(
        level * (std::sin(phase) + 0.5 * std::sin(2 * phase) + 0.25 * std::sin(5 * phase)));
  }
  return all;
}

struct Result {
  Samples out;
  rtp::Receiver::Counters in;
};

Result cross(const Samples& in, const NetSettings& settings, const char* codec = "0=PCMU/8000") {
  Result result;
  Line line(settings, *rtp::PayloadMap::parse(codec),
            [&](Nanos, std::span<const std::int16_t> samples, unsigned, bool) {
              result.out.insert(result.out.end(), samples.begin(), samples.end());
            });
  for (std::size_t at = 0; at + 160 <= in.size(); at += 160)
    line.send(20ms * std::int64_t(at / 160 + 1), std::span(in).subspan(at, 160), 8000);
  line.finish();
  result.in = line.received();
  return result;
}

}  // namespace

TEST_CASE("line: a good one loses nothing but what G.711 takes") {
  const auto in = voice(10);
  const auto result = cross(in, {.delay = 40ms});
  CHECK(result.out.size() == in.size());
  CHECK(result.in.lost == 0);
  CHECK(result.in.concealed_ms == 0);
  const auto snr = segmental_snr(in, result.out, 8000);
  REQUIRE(snr);
  CHECK(snr->shift_samples == 0);
  CHECK(snr->db > 30);
}

TEST_CASE("line: the more is lost, the worse it sounds, and all of it is concealed") {
  const auto in = voice(30);
  const auto clean = cross(in, {.delay = 40ms}).out;
  double before = 100;
  for (const double loss : {1.0, 5.0, 10.0, 30.0}) {
    CAPTURE(loss);
    const auto result = cross(in, {.loss_percent = loss, .delay = 40ms, .seed = 3});
    const auto snr = segmental_snr(clean, result.out, 8000);
    REQUIRE(snr);
    CHECK(snr->db < before);
    // A lost packet costs its own 20 ms and some of the next; the rest is untouched.
    CHECK(snr->db > 35 - 75 * loss / 100);
    before = snr->db;
    const double share = double(result.in.concealed_ms) / 30'000 * 100;
    CHECK(share == doctest::Approx(loss).epsilon(0.35));
  }
}

TEST_CASE("line: doubles and packets that overtake change not a sample") {
  const auto in = voice(10);
  const auto clean = cross(in, {.delay = 40ms}).out;
  const auto result = cross(in, {.delay = 40ms, .duplicate_percent = 20});
  CHECK(result.out == clean);
  CHECK(result.in.lost == 0);
}

TEST_CASE("line: the same seed gives the same samples") {
  const auto in = voice(5);
  const NetSettings bad{
      .loss_percent = 10, .burst_packets = 3, .delay = 40ms, .jitter = 40ms, .seed = 9};
  CHECK(cross(in, bad).out == cross(in, bad).out);
}
