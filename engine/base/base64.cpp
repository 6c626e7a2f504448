#include "engine/base/base64.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace parley {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto values = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = std::int8_t(i);
  return table;
}();

}  // namespace

std::string encode_base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = std::uint32_t(bytes[i]) << 16;
    if (left > 1) group |= std::uint32_t(bytes[i + 1]) << 8;
    if (left > 2) group |= bytes[i + 2];
    text += alphabet[group >> 18];
    text += alphabet[group >> 12 & 63];
    text += left > 1 ? alphabet[group >> 6 & 63] : '=';
    text += left > 2 ? alphabet[group & 63] : '=';
  }
  return text;
}

Result<std::vector<std::uint8_t>> decode_base64(std::string_view text, Base64End end) {
  const bool exact = end == Base64End::exact;
  if (exact && text.size() % 4 != 0)
    return Error{fmt::format("has {} characters, which is no multiple of 4", text.size())};
  for (int n = 0; text.ends_with('=') && !(exact && n == 2); ++n) text.remove_suffix(1);
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;  // of them that are in no byte yet
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto value = values[static_cast<unsigned char>(text[i])];
    if (value < 0) return Error{fmt::format("character {} is not of base64", i + 1)};
    bits = bits << 6 | std::uint32_t(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(std::uint8_t(bits >> count));
  }
  if (count >= 6) return Error{"ends in the middle of a byte"};
  if (exact && (bits & ((1u << count) - 1)) != 0)
    return Error{"ends in bits that stand for nothing"};
  return bytes;
}

}  // namespace parley
