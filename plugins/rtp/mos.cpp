#include "plugins/rtp/mos.hpp"

#include <algorithm>
#include <array>

#include "engine/base/params.hpp"

namespace parley::rtp {
namespace {

struct Impairment {
  double equipment = 0;      // Ie
  double robustness = 25.1;  // Bpl
};
constexpr Impairment pcmu{}, narrow_opus{.robustness = 30};
constexpr Impairment g722{.equipment = 13}, wide_opus{.equipment = 8, .robustness = 30};
// By mode, from 6.60 to 23.85 kbit/s; the last but one is better than the last.
constexpr std::array<Impairment, 9> amr_wb{
    {{41, 4.3}, {26, 4.3}, {13, 4.3}, {10, 4.3}, {7, 4.3}, {5, 4.3}, {3, 4.6}, {1, 4.6}, {8, 4.9}}};
constexpr std::size_t usual_mode = 2;
constexpr unsigned narrow_rate = 8000;
constexpr double narrow_best = 93.2, wide_best = 129;

bool is_wide(const Listening& l) { return l.rate > narrow_rate; }

Impairment impairment(const Listening& l) {
  const bool opus = equal_but_for_case(l.codec, "opus");
  if (!is_wide(l)) return opus ? narrow_opus : pcmu;
  if (opus) return wide_opus;
  if (equal_but_for_case(l.codec, "G722")) return g722;
  if (equal_but_for_case(l.codec, "AMR-WB"))
    return amr_wb[std::min(std::size_t(l.mode.value_or(usual_mode)), amr_wb.size() - 1)];
  return {};
}

double delay_impairment(Nanos delay) {
  const double ms = double(delay / 1us) / 1000;
  return .024 * ms + (ms > 177.3 ? .11 * (ms - 177.3) : 0);
}

}  // namespace

double transmission_rating(const Listening& l) {
  const auto codec = impairment(l);
  const double best = is_wide(l) ? wide_best : narrow_best;
  const double loss = std::clamp(l.loss_percent, 0.0, 100.0);
  const double equipment =
      codec.equipment + (95 - codec.equipment) * loss / (loss + codec.robustness);
  return std::clamp(best - delay_impairment(l.delay) - equipment, 0.0, best);
}

double mean_opinion_score(const Listening& l) {
  const double r = transmission_rating(l) / (is_wide(l) ? wide_best / 100 : 1);
  return std::max(1.0, 1 + .035 * r + 7e-6 * r * (r - 60) * (100 - r));
}

}  // namespace parley::rtp
