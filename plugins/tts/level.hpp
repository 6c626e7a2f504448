// level: makes synthesised speech fit for a telephone: no silence ahead of it, an even level.
//
// Threads: none; functions on samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace parley::tts {

inline constexpr double speech_dbfs = -19;  // RMS of the active 20 ms frames

// How many samples of silence are ahead of the speech, less a lead of 30 ms; all of them when
// nothing is speech.
std::size_t leading_silence(std::span<const std::int16_t> samples, unsigned rate);

// RMS of the frames within 30 dB of the loudest one, in dB of full scale; -100 when all is silent.
double active_dbfs(std::span<const std::int16_t> samples, unsigned rate);

// Scales to `speech_dbfs`, or to as much of it as fits without clipping.
void set_level(std::vector<std::int16_t>& samples, unsigned rate);

// 16 kHz to 8 kHz by speexdsp, nothing kept between calls: half as many samples, in place in time.
std::vector<std::int16_t> halve_rate(std::span<const std::int16_t> samples);

}  // namespace parley::tts
