// front_end: noise suppression and level control of the audio that goes to the recogniser, by
// speexdsp's preprocessor. Optional: the detector does not need them, and recognisers differ.
//
// Threads: the owner's.
#pragma once

#include <speex/speex_preprocess.h>

#include <cstdint>
#include <memory>
#include <span>

namespace parley {

class FrontEnd {
 public:
  struct Wanted {
    bool noise_suppression = false;
    bool agc = false;
    bool operator==(const Wanted&) const = default;
  };

  FrontEnd(unsigned rate, std::size_t frame_samples);
  // 20 ms, in place; with nothing wanted they stay as they are.
  void run(const Wanted& wanted, std::span<std::int16_t> frame);

 private:
  std::unique_ptr<SpeexPreprocessState, void (*)(SpeexPreprocessState*)> make() const;

  unsigned rate_;
  std::size_t frame_samples_;
  Wanted wanted_{};
  std::unique_ptr<SpeexPreprocessState, void (*)(SpeexPreprocessState*)> state_;  // null: off
};

}  // namespace parley
