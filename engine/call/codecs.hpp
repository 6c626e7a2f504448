// codecs: what engine/sip agrees on and what plugins/rtp can do, in each other's words.
//
// Threads: pure.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/sip/sdp.hpp"

namespace parley {

// The codecs of [sip] codecs, the best first, as we offer them. An error names one we don't have.
Result<std::vector<sip::Payload>> codec_list(const std::vector<std::string>& names);

// opus, G722, PCMU, PCMA: the best sound first. Opus where it is offered comes over the open
// network and bears its losses; G.722 is as wide and costs a fifth of it. Where calls are many and
// cores few, G.711 stands first.
std::vector<sip::Payload> usual_codecs();

// The payload-map property of parleyingress and parleyegress.
std::string payload_map(const std::vector<sip::Payload>& payloads);

}  // namespace parley
