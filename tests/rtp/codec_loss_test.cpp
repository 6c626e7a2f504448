// What is heard of lost packets with the wide-band codecs, against the same decoder's audio without
// loss: how near it comes, and how loud it is.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "plugins/rtp/codec.hpp"
#include "plugins/rtp/concealment.hpp"
#include "tests/rtp/voice_signal.hpp"

using namespace parley;
using Bytes = std::vector<std::uint8_t>;
using Samples = std::vector<std::int16_t>;

namespace {

constexpr unsigned rate = 16000;
constexpr std::size_t frame = rate / 50;
constexpr std::size_t most_in_a_row = 3;

// As the receiver does it: what the codec cannot make up is made up from what was heard.
Samples heard(const rtp::Codec& codec, const std::vector<Bytes>& packets,
              const std::vector<bool>& lost) {
  const auto decoder = codec.decoder(rate);
  rtp::Concealment concealment(rate);
  Samples out(packets.size() * frame);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const auto part = std::span(out).subspan(i * frame, frame);
    if (!lost[i]) {
      CHECK(decoder->decode(packets[i], part) == frame);
      concealment.heard(part);
    } else if (!decoder->conceal(part, {})) {
      concealment.fill(part);
    }
  }
  return out;
}

struct Result {
  double snr_db = 0;                 // the mean over what was lost of the voice, -10 to 35 dB each
  double level_db[most_in_a_row]{};  // of the first, the second and the third in a row
};

Result measured(const Samples& real, const Samples& made_up, const std::vector<bool>& lost) {
  Result out;
  double was[most_in_a_row]{}, is[most_in_a_row]{};
  int count = 0;
  std::size_t row = 0;
  for (std::size_t i = 0; i < lost.size(); ++i) {
    row = lost[i] ? row + 1 : 0;
    double signal = 0, error = 1, level = 0;
    for (std::size_t n = i * frame; n < (i + 1) * frame; ++n) {
      signal += double(real[n]) * real[n];
      level += double(made_up[n]) * made_up[n];
      error += std::pow(double(real[n]) - made_up[n], 2);
    }
    if (row == 0 || row > most_in_a_row || signal / frame < 1e5) continue;
    out.snr_db += std::clamp(10 * std::log10(signal / error), -10.0, 35.0);
    was[row - 1] += signal;
    is[row - 1] += level;
    ++count;
  }
  out.snr_db /= count;
  for (std::size_t n = 0; n < most_in_a_row; ++n)
    out.level_db[n] = 10 * std::log10((is[n] + 1) / (was[n] + 1));
  return out;
}

}  // namespace

TEST_CASE("codecs: what is lost of a voice is heard nearly as loud as it was, whatever the codec") {
  const auto said = test::voice_signal(rate, 40);
  fmt::print("{:>8} {:>8} {:>10} {:>22}\n", "codec", "lost %", "SNR, dB", "level in a row, dB");
  std::map<unsigned, double> g722;  // its SNR by loss
  for (const std::string name : {"G722", "AMR-WB"}) {
    const auto& codec = *rtp::find_codec(name, name == "G722" ? 8000 : rate);
    const auto encoder = codec.encoder(rate, "");
    std::vector<Bytes> packets;
    for (std::size_t at = 0; at + frame <= said.size(); at += frame) {
      Bytes payload(rtp::longest_payload);
      payload.resize(encoder->encode(std::span(said).subspan(at, frame), payload));
      packets.push_back(payload);
    }
    const auto real = heard(codec, packets, std::vector<bool>(packets.size()));
    for (const unsigned percent : {5u, 10u, 30u}) {
      CAPTURE(name);
      CAPTURE(percent);
      std::mt19937 random(2);
      std::vector<bool> lost(packets.size());
      for (std::size_t i = 10; i < lost.size(); ++i) lost[i] = random() % 100 < percent;
      const auto result = measured(real, heard(codec, packets, lost), lost);
      fmt::print("{:>8} {:8} {:10.1f} {:7.1f} {:7.1f} {:7.1f}\n", name, percent, result.snr_db,
                 result.level_db[0], result.level_db[1], result.level_db[2]);
      if (name == "G722") g722[percent] = result.snr_db;
      CHECK(result.snr_db > g722[percent] - 1.5);
      CHECK(std::abs(result.level_db[0]) < 6);
      CHECK(std::abs(result.level_db[1]) < 13);
    }
  }
}
