// mos: how good a call sounds to whoever listens, from 1 to 4.5: the E-model with everything at its
// default but delay, loss and codec.
//
// There are two scales, and a figure of one is not to be compared with a figure of the other: that
// of a narrow-band telephone (ITU-T G.107), where PCMU without loss or delay has R = 93.2 and 4.41,
// and the wide-band one (G.107.1), where what a good wide-band line carries has R = 129 and 4.5.
// What lies behind a codec's samples decides: 8 kHz is narrow.
//
// How much a codec impairs is from G.113 (09/2024) as others quote it, for we had no copy; G.722's
// figure is to be checked first. Appendix I for PCMU and PCMA, with concealment; table IV.1 (heard
// by one ear) for G.722 at 64 kbit/s and the nine modes of AMR-WB. How well AMR-WB bears loss is in
// table IV.4 for three modes and heard by both ears, and nowhere else; each mode has the figure of
// the nearest of them. No figure is known to us for G.722 and L16: they have that of PCMU, whose
// concealment is theirs here. The ITU has none at all for Opus: that it impairs as AMR-WB of the
// same bit rate and bears loss a little better than PCMU is our estimate.
//
// Threads: pure. G.107 (03/05) and its appendix B; G.107.1 (06/2019), annex A.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/clock.hpp"

namespace parley::rtp {

struct Listening {
  std::string_view codec = "PCMU";
  unsigned rate = 8000;       // of the codec's samples
  std::optional<int> mode{};  // of the codec, when it has modes
  Nanos delay{0};             // from mouth to ear
  double loss_percent = 0;    // of packets, concealed
};

double transmission_rating(const Listening& l);  // R, up to 93.2, or to 129 when it is wide-band
double mean_opinion_score(const Listening& l);

}  // namespace parley::rtp
