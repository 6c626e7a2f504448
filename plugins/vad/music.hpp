// music: hold music, as against a person who speaks.
//
// Over four seconds speech falls into its pauses for a third of the time, and its zero crossings
// jump between vowels and hisses; music does neither. A noise or a tone does not either, but their
// level hardly moves.
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace parley {

class MusicDetector {
 public:
  static constexpr std::size_t frame_samples = 160;  // 20 ms of 8 kHz

  // Looks once a second. True: music is playing, since about six seconds; false: no longer.
  std::optional<bool> push(std::span<const std::int16_t, frame_samples> frame);

 private:
  static constexpr int window = 200, look_every = 50;  // frames
  static constexpr int sure_after = 2;                 // looks

  bool sounds_like_music() const;

  struct Heard {
    float power = 0;      // of a sample
    float crossings = 0;  // of zero, a sample
  };
  std::array<Heard, window> heard_{};
  int frames_ = 0;
  int against_ = 0;  // looks in a row that say otherwise than `music_`
  bool music_ = false;
};

}  // namespace parley
