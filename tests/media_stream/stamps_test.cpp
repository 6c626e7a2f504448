#include "engine/media_stream/stamps.hpp"

#include <doctest/doctest.h>

using namespace parley::media_stream;

TEST_CASE("stamps: frames of 20 ms follow one another without gaps, whatever the rounding") {
  Stamps stamps;
  const std::uint64_t ms[] = {5, 25, 46, 64, 85, 105};
  for (std::uint64_t i = 0; i < 6; ++i)
    CHECK(stamps.next(1 + i, ms[i], 160) ==
          Stamp{std::uint16_t(1 + i), std::uint32_t(40 + 160 * i)});
}

TEST_CASE("stamps: the order of arrival changes nothing") {
  Stamps stamps;
  CHECK(stamps.next(10, 200, 160) == Stamp{10, 1600});
  CHECK(stamps.next(12, 240, 160) == Stamp{12, 1920});
  CHECK(stamps.next(11, 220, 160) == Stamp{11, 1760});
  CHECK(stamps.next(13, 260, 160) == Stamp{13, 2080});
}

TEST_CASE("stamps: silence that was left out is a leap in time, not in chunks") {
  Stamps stamps;
  CHECK(stamps.next(1, 0, 160) == Stamp{1, 0});
  CHECK(stamps.next(2, 1000, 160) == Stamp{2, 8000});
  CHECK(stamps.next(3, 1021, 160) == Stamp{3, 8160});
}

TEST_CASE("stamps: other frame lengths, wraps and absurd numbers are taken as they are") {
  Stamps stamps;
  CHECK(stamps.next(1, 0, 160).timestamp == 0);
  CHECK(stamps.next(2, 20, 240).timestamp == 160);
  CHECK(stamps.next(3, 50, 240).timestamp == 400);
  CHECK(stamps.next(65536, 80, 240).sequence == 0);
  stamps.next(~0ull, ~0ull, 1600);
  stamps.next(0, 0, 1);
}
