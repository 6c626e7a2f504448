#include "plugins/vad/framer.hpp"

#include <doctest/doctest.h>

using namespace parley;

namespace {

struct Cut {
  std::vector<Nanos> starts;
  std::vector<std::int16_t> samples;
};

void take(Framer& f, Cut& cut) {
  Nanos start;
  std::span<const std::int16_t> frame;
  while (f.next(start, frame)) {
    CHECK(frame.size() == f.frame_samples());
    cut.starts.push_back(start);
    cut.samples.insert(cut.samples.end(), frame.begin(), frame.end());
  }
}

}  // namespace

TEST_CASE("framer: buffers of any size leave as frames on the grid that the first one set") {
  std::vector<std::int16_t> all(16000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::int16_t(i);
  for (const std::size_t size : {1U, 37U, 160U, 2048U, 16000U}) {
    CAPTURE(size);
    Framer f(8000);
    Cut cut;
    for (std::size_t i = 0; i < all.size(); i += size) {
      f.push(5ms + Nanos(std::int64_t(i) * 125'000),
             std::span(all).subspan(i, std::min(size, all.size() - i)));
      take(f, cut);
    }
    CHECK(cut.samples == all);
    REQUIRE(cut.starts.size() == 100);
    for (std::size_t i = 0; i < cut.starts.size(); ++i)
      CHECK(cut.starts[i] == 5ms + 20ms * std::int64_t(i));
  }
}

TEST_CASE("framer: a short hole is filled, a long one jumped over, an overlap ignored") {
  const std::vector<std::int16_t> frame(160, 7);
  struct Row {
    Nanos second;        // where the second frame claims to begin
    std::size_t frames;  // in all
    Nanos last;
  };
  for (const auto& row : {Row{20ms, 2, 20ms},
                          {39ms, 2, 20ms},
                          {60ms, 4, 60ms},
                          {5s, 2, 5s},
                          {0ms, 2, 20ms},
                          {Framer::no_time, 2, 20ms}}) {
    CAPTURE(to_ms(row.second));
    Framer f(8000);
    Cut cut;
    f.push(0ms, frame);
    take(f, cut);
    f.push(row.second, frame);
    take(f, cut);
    CHECK(cut.starts.size() == row.frames);
    CHECK(cut.starts.back() == row.last);
  }
}

TEST_CASE("framer: pad() completes the frame that has begun with silence") {
  Framer f(16000);
  Cut cut;
  f.push(0ms, std::vector<std::int16_t>(400, 7));
  f.pad();
  take(f, cut);
  CHECK(cut.starts.size() == 2);
  CHECK(cut.samples[399] == 7);
  CHECK(cut.samples[400] == 0);
  f.pad();
  take(f, cut);
  CHECK(cut.starts.size() == 2);
}
