#include "plugins/rtp/g711.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>

using namespace parley;
using g711::Law;

TEST_CASE("g711: the codes of ITU-T G.711's tables") {
  struct Row {
    Law law;
    std::uint8_t code;
    std::int16_t sample;
  };
  // G.711 tables 1a/1b (13 bits, here times 8) and 2a/2b (14 bits, here times 4).
  constexpr Row rows[] = {
      {Law::mu, 0x80, 32124}, {Law::mu, 0x00, -32124}, {Law::mu, 0x8f, 16764},
      {Law::mu, 0x9f, 8316},  {Law::mu, 0xfe, 8},      {Law::mu, 0xff, 0},
      {Law::mu, 0x7e, -8},    {Law::a, 0xaa, 32256},   {Law::a, 0x2a, -32256},
      {Law::a, 0xd5, 8},      {Law::a, 0x55, -8},      {Law::a, 0xc5, 264},
      {Law::a, 0xda, 248},    {Law::a, 0xa5, 16896},
  };
  for (const auto& row : rows) {
    CAPTURE(int(row.code));
    CHECK(g711::decode(row.law, row.code) == row.sample);
    CHECK(g711::encode(row.law, row.sample) == row.code);
  }
}

TEST_CASE("g711: every code survives the way out and back") {
  for (const auto law : {Law::mu, Law::a})
    for (int code = 0; code < 256; ++code) {
      const auto back = g711::encode(law, g711::decode(law, std::uint8_t(code)));
      const bool minus_zero = law == Law::mu && code == 0x7f;  // reads as 0, is written as +0
      CHECK(int(back) == (minus_zero ? 0xff : code));
    }
}

TEST_CASE("g711: the error stays within half a step, over all samples") {
  for (const auto law : {Law::mu, Law::a})
    for (int sample = -32768; sample <= 32767; ++sample) {
      const int heard = g711::decode(law, g711::encode(law, std::int16_t(sample)));
      const int step = std::max(16, std::abs(sample) / 16);
      const bool clipped = std::abs(sample) > 32124;
      if (!clipped && std::abs(heard - sample) > step) FAIL("sample ", sample, " reads as ", heard);
      if (clipped && std::abs(heard) < 32124) FAIL("sample ", sample, " reads as ", heard);
    }
}

TEST_CASE("g711: spans are coded as their samples are; other payload types have no law") {
  const std::array<std::int16_t, 4> samples = {0, 1000, -1000, 32767};
  std::array<std::uint8_t, 4> codes;
  std::array<std::int16_t, 4> back;
  for (const auto law : {Law::mu, Law::a}) {
    g711::encode(law, samples, codes);
    g711::decode(law, codes, back);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      CHECK(codes[i] == g711::encode(law, samples[i]));
      CHECK(back[i] == g711::decode(law, codes[i]));
    }
  }
  CHECK(g711::law_of(0) == Law::mu);
  CHECK(g711::law_of(8) == Law::a);
  CHECK_FALSE(g711::law_of(9));
}
