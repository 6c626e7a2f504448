// A far end that changes its codec in the middle of a call: what is heard has one rate, which rises
// once and never falls, holds all that the codec of the moment carries, and does not click.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "plugins/dsp/rate_changer.hpp"
#include "plugins/rtp/receiver.hpp"
#include "plugins/testkit/segmental_snr.hpp"
#include "tests/rtp/voice_signal.hpp"

using namespace parley;

namespace {

using Samples = std::vector<std::int16_t>;
constexpr Address caller{0x0a000001, 4000};
constexpr int mu = 0, a = 8, g722 = 9, opus = 111, l16 = 97, l16_wide = 98;

// A voice with sibilants: what it has above 4 kHz only wideband codecs carry.
Samples wide_voice(double seconds) {
  auto all = test::voice_signal(16000, seconds);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double t = double(i) / 16000;
    const double syllable = std::max(0.0, std::sin(2 * std::numbers::pi * 2.5 * t + 2));
    const double hiss = std::sin(2 * std::numbers::pi * 5200 * t) +
                        std::sin(2 * std::numbers::pi * 5900 * t + std::sin(300 * t));
    all[i] = std::int16_t(std::clamp(all[i] + 700 * syllable * hiss, -32000.0, 32000.0));
  }
  return all;
}

Samples tone(double hz, double seconds) {
  Samples all(std::size_t(16000 * seconds));
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = std::int16_t(8000 * std::sin(2 * std::numbers::pi * hz * double(i) / 16000));
  return all;
}

// The share of the power that lies above 4.5 kHz.
double high_share(std::span<const std::int16_t> x) {
  constexpr int taps = 63;
  double high = 0, all = 1e-9;
  for (std::size_t i = taps; i < x.size(); ++i) {
    double sum = 0;
    for (int k = 0; k < taps; ++k) {
      const double m = k - taps / 2;
      const double sinc =
          m == 0 ? 1 - 2 * 4500.0 / 16000
                 : -std::sin(2 * std::numbers::pi * 4500 / 16000 * m) / (std::numbers::pi * m);
      const double window = 0.54 + 0.46 * std::cos(2 * std::numbers::pi * m / taps);
      sum += sinc * window * x[i - std::size_t(k)];
    }
    high += sum * sum;
    all += double(x[i]) * x[i];
  }
  return high / all;
}

double bend_at(std::span<const std::int16_t> x, std::size_t i) {
  return std::abs(double(x[i]) - 2.0 * x[i - 1] + x[i - 2]);
}

// The sharpest bend within.
double sharpest(std::span<const std::int16_t> x) {
  double most = 0;
  for (std::size_t i = 2; i < x.size(); ++i) most = std::max(most, bend_at(x, i));
  return most;
}

// A far end that says `said` (at 16 kHz), each part of it in a codec of its own, and what a
// receiver makes of it.
struct Changing : rtp::Receiver::Listener {
  // The codec of `first` is the one that was agreed on, the others may come as well.
  explicit Changing(int first)
      : types(*rtp::PayloadMap::parse(map(first))), receiver(*this, types) {}

  static std::string map(int first) {
    const std::map<int, std::string> all = {{mu, "0=PCMU/8000"},        {a, "8=PCMA/8000"},
                                            {g722, "9=G722/8000"},      {l16, "97=L16/8000"},
                                            {l16_wide, "98=L16/16000"}, {opus, "111=opus/48000"}};
    auto text = all.at(first);
    for (const auto& [type, one] : all)
      if (type != first) text += "," + one;
    return text;
  }

  void on_audio(Nanos at, std::span<const std::int16_t> samples, unsigned hz, bool leap) override {
    if (rates.empty() || rates.back().first != hz) rates.emplace_back(hz, wide.size());
    CHECK((leap || at == end));
    end = at + Nanos(1s) / hz * std::int64_t(samples.size());
    if (hz == 8000) {
      Samples up = doubled(Samples(samples.begin(), samples.end()));
      wide.insert(wide.end(), up.begin(), up.end());
    } else {
      wide.insert(wide.end(), samples.begin(), samples.end());
    }
  }
  void on_key(const KeyPress&) override {}
  void on_source(const Address&) override {}
  void on_first(const Address&, int) override {}

  // The next `frames` of 20 ms, by a new encoder.
  void say(const Samples& said, int type, int frames) {
    const auto* codec = types.find(type)->codec;
    const auto rate = codec->encoded_rate("");
    const auto encoder = codec->encoder(rate, "");
    for (int i = 0; i < frames; ++i, ++n) {
      const auto frame = std::span(said).subspan(std::size_t(n) * 320, 320);
      const auto samples = ours.convert(frame, 16000, rate);
      std::vector<std::uint8_t> payload(rtp::longest_payload);
      payload.resize(encoder->encode(samples, payload));
      now += 20ms;
      send(type, payload);
      while (receiver.deadline() && *receiver.deadline() <= now) receiver.tick(now);
      timestamp += codec->clock_rate / 50;
      ++sequence;
    }
  }

  void send(int type, const std::vector<std::uint8_t>& payload) {
    std::vector<std::uint8_t> bytes(rtp::header_size + payload.size());
    rtp::write({.payload_type = std::uint8_t(type),
                .sequence = sequence,
                .timestamp = timestamp,
                .ssrc = 1,
                .payload = payload},
               bytes);
    receiver.packet(bytes, caller, caller, now);
  }

  rtp::PayloadMap types;
  rtp::Receiver receiver;
  RateChanger ours;
  std::vector<std::pair<unsigned, std::size_t>> rates;  // and from which sample of `wide` on
  Samples wide;                                         // all that was heard, at 16 kHz
  Nanos now{0}, end{0};
  int n = 0;
  std::uint16_t sequence = 10;
  std::uint32_t timestamp = 1000;
};

std::span<const std::int16_t> part(const Samples& all, std::size_t from_ms, std::size_t ms) {
  return std::span(all).subspan(from_ms * 16, ms * 16);
}

}  // namespace

TEST_CASE("codec change: the rate rises with the first wideband codec and never falls again") {
  const auto said = wide_voice(8);
  for (const int wide_type : {g722, opus, l16_wide})
    for (const int narrow_type : {mu, a, l16}) {
      CAPTURE(wide_type);
      CAPTURE(narrow_type);
      Changing far(narrow_type);
      far.say(said, narrow_type, 100);
      far.say(said, wide_type, 100);
      far.say(said, narrow_type, 100);
      far.say(said, wide_type, 90);
      REQUIRE(far.rates.size() == 2);
      CHECK(far.rates[0].first == 8000);
      CHECK(far.rates[1] == std::pair(16000U, std::size_t(100 * 320)));
      CHECK(far.wide.size() == 390 * 320);
      CHECK(far.end == 20ms * 390);
      // What each part holds of what was said: all that its codec carries.
      Samples narrow, band;
      Downsampler().push(said, narrow);
      Upsampler().push(narrow, band);
      for (const std::size_t at : {2200, 4200, 6200}) {
        CAPTURE(at);
        const bool is_narrow = at == 4200;
        const auto snr = testkit::segmental_snr(part(is_narrow ? band : said, at, 1600),
                                                part(far.wide, at, 1600), 16000);
        REQUIRE(snr);
        CHECK(snr->db > (is_narrow ? 30 : wide_type == opus ? 15 : 20));
        CHECK((high_share(part(far.wide, at, 1600)) > 0.01) != is_narrow);
      }
    }
}

TEST_CASE("codec change: nothing clicks") {
  for (const double hz : {210.0, 440.0, 700.0})
    for (const int first : {mu, g722, opus})
      for (const int second : {mu, a, g722, opus, l16_wide}) {
        if (first == second) continue;
        CAPTURE(hz);
        CAPTURE(first);
        CAPTURE(second);
        const auto said = tone(hz, 4);
        Changing far(first);
        far.say(said, first, 53);
        far.say(said, second, 51);
        far.say(said, first, 53);
        far.say(said, second, 41);
        const double usual =
            std::max(sharpest(part(far.wide, 800, 200)), sharpest(part(far.wide, 1600, 200)));
        for (const std::size_t at : {1060, 2080, 3140}) {
          // A click is a step: as much as the tone is loud.
          CHECK(sharpest(part(far.wide, at - 5, 60)) < std::max(2 * usual, 3000.0));
        }
      }
}
