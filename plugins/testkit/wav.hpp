// wav: reads and writes WAV files of 16-bit samples (RIFF, PCM, little endian).
//
// Reading is tolerant of what streaming programs write: a length of "unknown", odd chunks ahead of
// the samples. Threads: any; it blocks on the disk, so never on a loop.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace parley::caller {

struct Wav {
  unsigned rate = 8000;
  unsigned channels = 1;
  std::vector<std::int16_t> samples{};  // interleaved
};

Result<Wav> parse_wav(std::string_view bytes);
Result<Wav> read_wav(const std::string& path);  // at most 64 MB
std::string format_wav(const Wav& wav);
// Writes beside the file first and renames, so that what is there is always whole.
Status write_wav(const std::string& path, const Wav& wav);

// The first channel at 8 kHz.
std::vector<std::int16_t> to_line(const Wav& wav);

}  // namespace parley::caller
