// utterances: what the recogniser is measured with: spoken by synthesised voices, as a telephone
// line would bring it (8 kHz, mu-law, a little noise), the same every time.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "plugins/providers/stt.hpp"
#include "plugins/rtp/g711.hpp"
#include "plugins/testkit/voices.hpp"

namespace parley::test {

using Sound = std::vector<std::int16_t>;

// As parleystt hands it over: 300 ms ahead of the speech and 500 ms behind it.
inline Sound on_the_line(const Sound& speech) {
  Sound line(2400, 0);
  line.insert(line.end(), speech.begin(), speech.end());
  line.insert(line.end(), 4000, 0);
  std::uint32_t state = 99;
  for (auto& s : line) {
    state = state * 1664525 + 1013904223;
    const int noise = int(state >> 28) - 8;
    const auto noisy = std::int16_t(std::clamp(s + noise, -32768, 32767));
    s = g711::decode(g711::Law::mu, g711::encode(g711::Law::mu, noisy));
  }
  return line;
}

inline Sound say(const std::string& voice, const std::string& text) {
  static caller::Voices voices;
  return on_the_line(voices.say(voice, text).value());
}

// One utterance through a session of a provider, in pieces of 80 ms; its last result.
inline SttResult recognise(SttSession& session, std::vector<SttResult>& said, const Sound& sound) {
  said.clear();
  for (std::size_t i = 0; i < sound.size(); i += 640)
    session.audio(std::span(sound).subspan(i, std::min<std::size_t>(640, sound.size() - i)));
  session.end_of_speech();
  return said.back();
}

}  // namespace parley::test
