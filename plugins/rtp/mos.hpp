// mos: how good a call sounds to whoever listens, from 1 to 4.5: the E-model (ITU-T G.107) with
// everything at its default but delay, loss and codec.
//
// All codecs are on the scale of a narrow-band telephone, where PCMU without loss or delay is 4.41;
// a wide-band codec is no better than that here, but bears loss better when it has concealment of
// its own.
//
// Threads: pure. G.107 (03/05), appendix B for the scale; G.113, appendix I for the codecs.
#pragma once

#include <string_view>

#include "engine/base/clock.hpp"

namespace parley::rtp {

struct Listening {
  std::string_view codec = "PCMU";
  Nanos delay{0};           // from mouth to ear
  double loss_percent = 0;  // of packets, concealed
};

double transmission_rating(const Listening& l);  // R, from 0 to 93.2
double mean_opinion_score(const Listening& l);

}  // namespace parley::rtp
