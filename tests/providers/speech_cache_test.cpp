#include "plugins/providers/speech_cache.hpp"

#include <doctest/doctest.h>

using namespace parley;

namespace {
SpeechRef speech(std::size_t samples) {
  auto s = std::make_shared<Speech>();
  s->samples.resize(samples);
  return s;
}
}  // namespace

TEST_CASE("speech_cache: holds what was used last, up to its bound") {
  SpeechCache cache(100);
  cache.put("a", speech(40));
  cache.put("b", speech(40));
  CHECK(cache.find("a"));
  cache.put("c", speech(40));  // b was used longest ago
  CHECK(cache.find("a"));
  CHECK(!cache.find("b"));
  CHECK(cache.find("c"));
  CHECK(cache.samples() == 80);
}

TEST_CASE("speech_cache: what is larger than the cache is not kept; the first of a key stays") {
  SpeechCache cache(100);
  cache.put("big", speech(101));
  CHECK(!cache.find("big"));
  const auto first = speech(10);
  cache.put("a", first);
  cache.put("a", speech(20));
  CHECK(cache.find("a") == first);
  CHECK(cache.samples() == 10);
}
