#include "plugins/rtp/mos.hpp"

#include <algorithm>
#include <array>

namespace parley::rtp {
namespace {

struct Impairment {
  std::string_view codec;
  double equipment;   // Ie
  double robustness;  // Bpl
};
constexpr std::array known{Impairment{"PCMU", 0, 25.1}, Impairment{"PCMA", 0, 25.1},
                           Impairment{"L16", 0, 25.1}, Impairment{"G722", 0, 25.1},
                           Impairment{"OPUS", 0, 30}};

const Impairment& impairment(std::string_view codec) {
  const auto found = std::ranges::find(known, codec, &Impairment::codec);
  return found == known.end() ? known.front() : *found;
}

double delay_impairment(Nanos delay) {
  const double ms = double(delay / 1us) / 1000;
  return .024 * ms + (ms > 177.3 ? .11 * (ms - 177.3) : 0);
}

}  // namespace

double transmission_rating(const Listening& l) {
  const auto& codec = impairment(l.codec);
  const double loss = std::clamp(l.loss_percent, 0.0, 100.0);
  const double equipment =
      codec.equipment + (95 - codec.equipment) * loss / (loss + codec.robustness);
  return std::clamp(93.2 - delay_impairment(l.delay) - equipment, 0.0, 100.0);
}

double mean_opinion_score(const Listening& l) {
  const double r = transmission_rating(l);
  return std::max(1.0, 1 + .035 * r + 7e-6 * r * (r - 60) * (100 - r));
}

}  // namespace parley::rtp
