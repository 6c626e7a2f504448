#include "tools/bench/frames.hpp"

#include <cmath>
#include <cstdlib>
#include <numbers>
#include <stdexcept>

#include "engine/base/base64.hpp"
#include "plugins/dsp/half_band.hpp"
#include "plugins/testkit/voices.hpp"
#include "plugins/vad/periodicity.hpp"

namespace parley::bench {
namespace {

constexpr std::size_t narrow_frame = 160;
constexpr std::size_t quiet_frames = 50;  // until an encoder has forgotten what was said

std::vector<std::int16_t> question() {
  caller::Voices voices;
  auto said = voices.say("kal16", "hello there, can you hear me now");
  if (!said) throw std::runtime_error(said.error());
  auto pcm = *std::move(said);
  Periodicity detector;
  std::size_t end = narrow_frame;
  for (std::size_t i = 0; i + narrow_frame <= pcm.size(); i += narrow_frame)
    if (detector.voiced(Periodicity::Frame(pcm.data() + i, narrow_frame))) end = i + narrow_frame;
  pcm.resize(end);
  return pcm;
}

std::vector<std::int16_t> pulse() {
  std::vector<std::int16_t> pcm(narrow_frame);
  for (std::size_t i = 0; i < pcm.size(); ++i)
    pcm[i] = std::int16_t(8000 * std::sin(2 * std::numbers::pi * 500 / 8000 * double(i)));
  return pcm;
}

std::vector<std::int16_t> samples_of(Talk talk) {
  switch (talk) {
    case Talk::question:
      return question();
    case Talk::pulse:
      return pulse();
    case Talk::nothing:
      break;
  }
  return {};
}

}  // namespace

Frames encode_frames(const rtp::Codec& codec, std::string_view params, Talk talk) {
  auto pcm = samples_of(talk);
  const auto said = pcm.size() / narrow_frame;
  pcm.resize(pcm.size() + quiet_frames * narrow_frame);
  const auto rate = codec.encoded_rate(params);
  if (rate == 16000) {
    std::vector<std::int16_t> wide;
    Upsampler().push(pcm, wide);
    pcm = std::move(wide);
  }
  const auto encoder = codec.encoder(rate, params);
  const std::size_t size = rate / 50;
  Frames frames{.codec = &codec};
  for (std::size_t i = 0; i < said + quiet_frames; ++i) {
    Frame frame{.payload = std::vector<std::uint8_t>(rtp::longest_payload), .base64 = {}};
    frame.payload.resize(encoder->encode(std::span(pcm).subspan(i * size, size), frame.payload));
    frame.base64 = encode_base64(frame.payload);
    if (i < said)
      frames.said.push_back(std::move(frame));
    else
      frames.quiet = std::move(frame);
  }
  return frames;
}

bool is_voiced(std::span<const std::int16_t> samples) {
  std::size_t loud = 0;
  for (const auto sample : samples) loud += std::abs(sample) > 300;
  return loud > samples.size() / 10;
}

}  // namespace parley::bench
