// sphinx_decoder: one pocketsphinx decoder for one language, with a loop of all phones beside it.
//
// A grammar always answers. How much better it explains the audio than the loop, which can explain
// anything, says whether it was meant: Heard::score.
//
// Every utterance starts from the same state (cepstral mean, noise statistics), so the same audio
// gives the same text in any order of utterances. Telephone audio wants its own start value of the
// cepstral mean, which only an own file of feature parameters brings in.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/base/result.hpp"
#include "plugins/providers/sphinx_language.hpp"

struct ps_decoder_s;

namespace parley::sphinx {

struct Heard {
  std::string text{};
  double score = 0;  // by frame, against any sounds: less is worse
  int frames = 0;
};

class Decoder {
 public:
  static Result<std::unique_ptr<Decoder>> make(const Language& language);  // 10 ms
  const Language& language() const { return language_; }

  // While it is said: samples at 16 kHz, and what it seems to be so far.
  void begin();
  std::string more(std::span<const std::int16_t> samples);
  void end();
  // All of it, once more, with what comes later known. Better than what more() said last.
  Heard decode(std::span<const std::int16_t> samples);

 private:
  struct Free {
    void operator()(ps_decoder_s* decoder) const;
  };
  Decoder(const Language& language, ps_decoder_s* decoder)
      : language_(language), decoder_(decoder) {}
  void start(const char* search);
  Heard run(const char* search, std::span<const std::int16_t> samples);

  const Language language_;
  const std::unique_ptr<ps_decoder_s, Free> decoder_;
  bool in_utterance_ = false;
};

}  // namespace parley::sphinx
