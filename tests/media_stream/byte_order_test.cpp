#include "engine/media_stream/byte_order.hpp"

#include <doctest/doctest.h>

#include <random>

#include "tests/rtp/voice_signal.hpp"

using namespace parley;
using namespace parley::media_stream;

namespace {

using Bytes = std::vector<std::uint8_t>;

// Frames of 20 ms, the high byte first.
std::vector<Bytes> frames(std::span<const std::int16_t> samples, std::size_t size) {
  std::vector<Bytes> all;
  for (std::size_t at = 0; at + size <= samples.size(); at += size) {
    Bytes frame;
    for (const auto s : samples.subspan(at, size)) {
      frame.push_back(std::uint8_t(std::uint16_t(s) >> 8));
      frame.push_back(std::uint8_t(s));
    }
    all.push_back(frame);
  }
  return all;
}

}  // namespace

TEST_CASE("byte order: a voice, loud or soft, tells it within three frames of sound") {
  for (const unsigned rate : {8000U, 16000U})
    for (const int divisor : {1, 10, 100, 1000})
      for (const bool swapped : {false, true}) {
        CAPTURE(rate);
        CAPTURE(divisor);
        CAPTURE(swapped);
        auto voice = test::voice_signal(rate, 2);
        for (auto& s : voice) s = std::int16_t(s / divisor);
        ByteOrder order;
        int needed = 0;
        for (auto& frame : frames(voice, rate / 50)) {
          if (swapped) swap_bytes(frame);
          order.note(frame);
          if (order.swapped() != swapped) ++needed;
        }
        CHECK(order.swapped() == swapped);
        CHECK(needed <= (swapped ? 10 : 0));
      }
}

TEST_CASE("byte order: silence, a steady value and noise say nothing: network order stays") {
  std::mt19937 random(3);
  ByteOrder order;
  for (int i = 0; i < 200; ++i) {
    Bytes noise(640);
    for (auto& b : noise) b = std::uint8_t(random());
    order.note(noise);
    order.note(Bytes(640, 0));
    order.note(Bytes(640, 7));
    order.note(Bytes(1, 7));
    order.note({});
  }
  CHECK_FALSE(order.swapped());
}

TEST_CASE("byte order: once known it stays") {
  const auto voice = test::voice_signal(16000, 1);
  ByteOrder order;
  for (const auto& frame : frames(voice, 320)) order.note(frame);
  for (auto& frame : frames(voice, 320)) {
    swap_bytes(frame);
    order.note(frame);
  }
  CHECK_FALSE(order.swapped());
}

TEST_CASE("swap bytes: twice is as it was, an odd byte stays") {
  Bytes bytes = {1, 2, 3, 4, 5};
  swap_bytes(bytes);
  CHECK(bytes == Bytes{2, 1, 4, 3, 5});
  swap_bytes(bytes);
  CHECK(bytes == Bytes{1, 2, 3, 4, 5});
}
