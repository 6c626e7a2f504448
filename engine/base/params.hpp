// params: what SIP, SDP and payload maps write in words: names whatever their case, and lists of
// parameters as in "maxplaybackrate=16000; useinbandfec=1".
//
// Threads: pure. RFC 8866, 6.15 (a=fmtp).
#pragma once

#include <optional>
#include <string_view>

namespace parley {

bool equal_but_for_case(std::string_view a, std::string_view b);

// The value of a key, as it stands there; nothing: it does not.
std::optional<std::string_view> param_text(std::string_view params, std::string_view key);
// The same as a number; nothing: it is none.
std::optional<int> param(std::string_view params, std::string_view key);

}  // namespace parley
