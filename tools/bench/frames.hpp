// frames: what callers send, encoded ahead and once for all of them: a question, a pulse, silence.
//
// A generator that encoded for each caller would measure itself.
//
// Threads: pure; shared by all callers once made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/rtp/codec.hpp"

namespace parley::bench {

struct Frame {  // 20 ms
  std::vector<std::uint8_t> payload;
  std::string base64;  // the same, as a media stream carries it
};

// What a caller says at each turn: a few words cut behind their last loud frame, so that the moment
// of the last voiced packet is known; one loud frame; nothing.
enum class Talk { question, pulse, nothing };

struct Frames {
  const rtp::Codec* codec = nullptr;
  std::vector<Frame> said{};  // every one is voiced
  Frame quiet{};
};

// `params`: of the codec, as the far end wants them.
Frames encode_frames(const rtp::Codec& codec, std::string_view params, Talk talk);

// Whether some of it is louder than a quiet line.
bool is_voiced(std::span<const std::int16_t> samples);

}  // namespace parley::bench
