#include "engine/sip/limiter.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::sip;

TEST_CASE("limiter: a source may send its burst at once, then as its tokens come back") {
  Limiter limiter({.per_second = 10, .burst = 3});
  for (int i = 0; i < 3; ++i) CHECK(limiter.admit("a", 0s));
  CHECK_FALSE(limiter.admit("a", 0s));
  CHECK_FALSE(limiter.admit("a", 50ms));
  CHECK(limiter.admit("a", 100ms));
  CHECK_FALSE(limiter.admit("a", 100ms));
}

TEST_CASE("limiter: one source's flood is no other's") {
  Limiter limiter({.per_second = 1, .burst = 1});
  CHECK(limiter.admit("a", 0s));
  CHECK_FALSE(limiter.admit("a", 0s));
  CHECK(limiter.admit("b", 0s));
}

TEST_CASE("limiter: tokens saved up never pass the burst") {
  Limiter limiter({.per_second = 100, .burst = 2});
  CHECK(limiter.admit("a", 0s));
  CHECK(limiter.admit("a", 3600s));
  CHECK(limiter.admit("a", 3600s));
  CHECK_FALSE(limiter.admit("a", 3600s));
}

TEST_CASE("limiter: the table is bounded, and a flooding source keeps its place in it") {
  Limiter limiter({.per_second = 1, .burst = 2, .sources = 2});
  CHECK(limiter.admit("flood", 0s));
  CHECK(limiter.admit("flood", 0s));
  CHECK(limiter.admit("b", 0s));
  CHECK_FALSE(limiter.admit("c", 0s));  // nobody's bucket is full again
  CHECK_FALSE(limiter.admit("flood", 500ms));
  CHECK(limiter.admit("c", 1s));  // b's is
  CHECK(limiter.sources() == 2);
  CHECK_FALSE(limiter.admit("flood", 600ms));
}
