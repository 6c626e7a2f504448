#include "plugins/dsp/half_band.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace parley;

namespace {

using Samples = std::vector<std::int16_t>;

Samples tone(double hz, unsigned rate, std::size_t count) {
  Samples all(count);
  for (std::size_t i = 0; i < count; ++i)
    all[i] = std::int16_t(10000 * std::sin(2 * std::numbers::pi * hz * double(i) / rate));
  return all;
}

// The amplitude of one frequency, past the filter's settling.
double level(const Samples& x, double hz, unsigned rate) {
  double re = 0, im = 0;
  const std::size_t from = 200, to = from + (x.size() - from) / (rate / 100) * (rate / 100);
  for (std::size_t i = from; i < to; ++i) {
    const double angle = 2 * std::numbers::pi * hz * double(i) / rate;
    re += x[i] * std::cos(angle);
    im += x[i] * std::sin(angle);
  }
  return 2 * std::hypot(re, im) / double(to - from);
}

Samples up(const Samples& in, std::size_t piece) {
  Upsampler u;
  Samples out;
  for (std::size_t i = 0; i < in.size(); i += piece)
    u.push(std::span(in).subspan(i, std::min(piece, in.size() - i)), out);
  return out;
}

}  // namespace

TEST_CASE("upsampler: a tone keeps its level and gets no mirror image") {
  for (const double hz : {200.0, 1000.0, 3000.0, 3400.0}) {
    CAPTURE(hz);
    const auto out = up(tone(hz, 8000, 4000), 4000);
    CHECK(out.size() == 8000);
    CHECK(level(out, hz, 16000) == doctest::Approx(10000).epsilon(0.02));
    CHECK(level(out, 8000 - hz, 16000) < 60);
  }
}

TEST_CASE("upsampler: pieces of any size give what the whole gives") {
  const auto in = tone(440, 8000, 1000);
  const auto whole = up(in, 1000);
  for (const std::size_t piece : {1U, 7U, 160U}) CHECK(up(in, piece) == whole);
}

TEST_CASE("downsampler: keeps what fits below 4 kHz and removes what does not") {
  for (const std::size_t piece : {4000U, 33U}) {
    const auto half = [&](double hz) {
      Downsampler d;
      Samples out;
      const auto in = tone(hz, 16000, 8000);
      for (std::size_t i = 0; i < in.size(); i += piece)
        d.push(std::span(in).subspan(i, std::min(piece, in.size() - i)), out);
      CHECK(out.size() == 4000);
      return out;
    };
    CHECK(level(half(1000), 1000, 8000) == doctest::Approx(10000).epsilon(0.02));
    CHECK(level(half(5000), 3000, 8000) < 60);
  }
}

TEST_CASE("dither: the same noise every time, as loud as asked, around zero") {
  Samples a(16000, 0), b(16000, 0);
  Dither(30).add(a);
  Dither(30).add(b);
  CHECK(a == b);
  long sum = 0;
  for (const auto s : a) {
    CHECK(std::abs(s) <= 30);
    sum += s;
  }
  CHECK(std::abs(double(sum) / 16000) < 1);
  Samples loud(10, 32767);
  Dither(30).add(loud);
  for (const auto s : loud) CHECK(s > 32000);  // does not wrap
}
