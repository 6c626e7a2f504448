// base64: bytes as text and back (RFC 4648, section 4), strictly.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace parley::media_stream {

std::string encode_base64(std::span<const std::uint8_t> bytes);
// Padded, without line breaks, and with unused bits zero; the error says where it is not.
Result<std::vector<std::uint8_t>> decode_base64(std::string_view text);

}  // namespace parley::media_stream
