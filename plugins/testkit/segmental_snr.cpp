#include "plugins/testkit/segmental_snr.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace parley::testkit {
namespace {

constexpr double least_db = -10, most_db = 35;
constexpr double audible_rms = 130;  // -48 dB of full scale
constexpr std::int64_t longest_shift_ms = 400, compared_ms = 4000, refined_ms = 4;
constexpr std::int64_t refined_pieces = 100;

double energy(std::span<const std::int16_t> samples) {
  double sum = 0;
  for (const double s : samples) sum += s * s;
  return sum;
}

std::int16_t at(std::span<const std::int16_t> samples, std::int64_t i) {
  return i < 0 || i >= std::int64_t(samples.size()) ? std::int16_t(0) : samples[std::size_t(i)];
}

// Where the reference begins to be heard.
std::optional<std::int64_t> first_sound(std::span<const std::int16_t> samples, std::size_t piece) {
  for (std::size_t i = 0; i + piece <= samples.size(); i += piece)
    if (energy(samples.subspan(i, piece)) >= audible_rms * audible_rms * double(piece))
      return std::int64_t(i);
  return {};
}

std::int64_t find_shift(std::span<const std::int16_t> reference,
                        std::span<const std::int16_t> audio, std::int64_t from, unsigned rate) {
  const auto most = longest_shift_ms * rate / 1000;
  const auto end =
      std::min<std::int64_t>(from + compared_ms * rate / 1000, std::int64_t(reference.size()));
  std::int64_t best = 0;
  double best_sum = 0;
  // Nearest first, so that equals don't move.
  for (std::int64_t n = 0; n <= 2 * most; ++n) {
    const auto shift = n % 2 ? (n + 1) / 2 : -(n / 2);
    std::int64_t sum = 0;
    for (auto i = from; i < end; i += 2)
      sum += std::int64_t(reference[std::size_t(i)]) * at(audio, i + shift);
    if (double(sum) > best_sum) best_sum = double(sum), best = shift;
  }
  return best;
}

double snr_of(std::span<const std::int16_t> wanted, std::span<const std::int16_t> audio,
              std::int64_t from) {
  double noise = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double d = double(wanted[i]) - at(audio, from + std::int64_t(i));
    noise += d * d;
  }
  const double signal = energy(wanted);
  if (noise == 0) return most_db;
  return std::clamp(10 * std::log10(signal / noise), least_db, most_db);
}

// The mean over the first pieces in which there is something to hear.
SegmentalSnr mean_of(std::span<const std::int16_t> reference, std::span<const std::int16_t> audio,
                     std::int64_t from, std::size_t piece, std::int64_t shift, std::int64_t most) {
  SegmentalSnr result{.shift_samples = shift};
  double sum = 0;
  for (auto i = std::size_t(from); i + piece <= reference.size() && result.pieces < most;
       i += piece) {
    const auto wanted = reference.subspan(i, piece);
    if (energy(wanted) < audible_rms * audible_rms * double(piece)) continue;
    sum += snr_of(wanted, audio, std::int64_t(i) + shift);
    ++result.pieces;
  }
  result.db = sum / double(result.pieces);
  return result;
}

// What was made up for losses can pull the correlation's peak aside by some samples.
std::int64_t refine(std::span<const std::int16_t> reference, std::span<const std::int16_t> audio,
                    std::int64_t from, std::size_t piece, std::int64_t shift, unsigned rate) {
  const auto most = refined_ms * rate / 1000;
  auto best = mean_of(reference, audio, from, piece, shift, refined_pieces);
  for (auto near = shift - most; near <= shift + most; ++near) {
    const auto other = mean_of(reference, audio, from, piece, near, refined_pieces);
    if (other.db > best.db) best = other;
  }
  return best.shift_samples;
}

}  // namespace

std::optional<SegmentalSnr> segmental_snr(std::span<const std::int16_t> reference,
                                          std::span<const std::int16_t> audio, unsigned rate) {
  const std::size_t piece = rate / 50;
  const auto from = first_sound(reference, piece);
  if (!from) return {};
  const auto coarse = find_shift(reference, audio, *from, rate);
  const auto shift = refine(reference, audio, *from, piece, coarse, rate);
  return mean_of(reference, audio, *from, piece, shift, std::numeric_limits<std::int64_t>::max());
}

}  // namespace parley::testkit
