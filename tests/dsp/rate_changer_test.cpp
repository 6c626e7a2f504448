#include "plugins/dsp/rate_changer.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace parley;

namespace {

using Samples = std::vector<std::int16_t>;

// `ms` of one tone, from `from_ms` on.
Samples tone(unsigned rate, int from_ms, int ms) {
  Samples all(rate / 1000 * unsigned(ms));
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = std::int16_t(10000 * std::sin(1900 * (double(i) / rate + from_ms / 1000.0)));
  return all;
}

}  // namespace

TEST_CASE("rate changer: what is at the right rate passes as it is") {
  RateChanger change;
  const auto in = tone(8000, 0, 20);
  CHECK(change.convert(in, 8000, 8000).data() == in.data());
  CHECK(change.convert(in, 8000, 16000).size() == 2 * in.size());
  CHECK(change.convert(in, 8000, 8000).data() == in.data());
  CHECK(change.convert({}, 8000, 16000).empty());
}

TEST_CASE(
    "rate changer: a filter that comes in does not begin with silence, whatever was heard before") {
  for (const unsigned to : {8000U, 16000U})
    for (const unsigned first : {8000U, 16000U})
      for (const bool pieces : {false, true}) {
        const unsigned second = 24000 - first;
        CAPTURE(to);
        CAPTURE(first);
        CAPTURE(pieces);
        RateChanger change;
        Samples out;
        const auto push = [&](const Samples& in, unsigned from) {
          const std::size_t step = pieces ? 7 : in.size();
          for (std::size_t i = 0; i < in.size(); i += step) {
            const auto part =
                change.convert(std::span(in).subspan(i, std::min(step, in.size() - i)), from, to);
            out.insert(out.end(), part.begin(), part.end());
          }
        };
        push(tone(first, 0, 40), first);
        push(tone(second, 40, 40), second);
        push(tone(first, 80, 40), first);
        CHECK(out.size() == to / 1000 * 120);
        // Beside the steps of 2 ms, which are the filter's delay, it is the tone all the way.
        double sum = 0;
        for (const auto s : out) sum += double(s) * s;
        CHECK(std::sqrt(sum / double(out.size())) > 6900);
        for (const int at : {40, 80}) {
          const auto around = std::span(out).subspan(to / 1000 * unsigned(at) - 4, to / 1000 * 5);
          CHECK(*std::ranges::max_element(around) > 9000);
          CHECK(*std::ranges::min_element(around) < -9000);
        }
      }
}

TEST_CASE("rate changer: nothing old comes back") {
  RateChanger change;
  change.convert(tone(16000, 0, 20), 16000, 8000);
  change.convert(Samples(320, 0), 8000, 8000);
  for (const auto s : change.convert(Samples(160, 0), 16000, 8000)) CHECK(s == 0);
}

TEST_CASE("doubled: what was there stays where it was") {
  CHECK(doubled(Samples{1, 3, 9}) == Samples{1, 2, 3, 6, 9, 9});
  CHECK(doubled(Samples{}).empty());
}
