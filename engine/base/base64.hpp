// base64: bytes as text and back (RFC 4648, section 4).
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace parley {

std::string encode_base64(std::span<const std::uint8_t> bytes);

// exact: padded, and unused bits are zero. loose: what some write: any padding or none, any bits.
enum class Base64End { exact, loose };
// Without line breaks; the error says where it is not base64.
Result<std::vector<std::uint8_t>> decode_base64(std::string_view text,
                                                Base64End end = Base64End::exact);

}  // namespace parley
