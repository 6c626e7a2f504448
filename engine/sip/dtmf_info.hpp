// dtmf_info: a key press in the body of an INFO request: application/dtmf-relay ("Signal=5",
// "Duration=160") and application/dtmf ("5"). Pure.
//
// Threads: none. RFC 6086 (INFO); the bodies are a custom of vendors, read leniently.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/key_press.hpp"

namespace parley::sip {

bool is_dtmf_type(std::string_view content_type);
// Nothing: no key (a hook flash), or nothing that can be read.
std::optional<KeyPress> parse_dtmf_info(std::string_view content_type, std::string_view body);

}  // namespace parley::sip
