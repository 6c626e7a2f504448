// formats: whether two payload types mean the same codec, and what an answer says of it. A name and
// a clock say it of all codecs but AMR-WB, whose a=fmtp decides how its bits are arranged.
//
// Threads: none; pure. RFC 3264, 6.1; RFC 4867, 8.3.1 (AMR-WB).
#pragma once

#include <string>

#include "engine/sip/sdp.hpp"

namespace parley::sip {

bool is_same_format(const Payload& theirs, const Payload& ours);

// a=fmtp of our answer: what we want to get, and the part of theirs that binds both.
std::string answered_params(const Payload& theirs, const Payload& ours);

}  // namespace parley::sip
