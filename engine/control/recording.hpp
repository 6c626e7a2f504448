// recording: a call's recording as an answer: the whole file or the part that was asked for.
//
// RFC 9110, 14: one range of bytes is honoured, anything else in Range gets the whole file.
// Threads: the control thread; looks at the file, which is read later, piece by piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/control/routes.hpp"

namespace parley::control {

struct ByteRange {
  std::uint64_t first = 0, last = 0;
  bool operator==(const ByteRange&) const = default;
};
// What "bytes=..." asks for of `size` bytes. Nothing: not one range that we honour; an empty one
// (first > last): none of it is there.
std::optional<ByteRange> read_range(const std::string& range, std::uint64_t size);

// `path`: the recording; 404 when the file is gone.
Response recording(const std::string& path, const std::string& range);

}  // namespace parley::control
