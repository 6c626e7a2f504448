// AMR-WB as a codec: what codec_test.cpp asks of every codec, it is asked there.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "plugins/rtp/amr_wb_payload.hpp"
#include "plugins/rtp/codec.hpp"
#include "tests/rtp/voice_signal.hpp"

using namespace parley;
using rtp::amr_wb::Layout;
using test::snr_db;
using test::voice_signal;
using Bytes = std::vector<std::uint8_t>;
using Samples = std::vector<std::int16_t>;

namespace {

constexpr std::size_t frame_samples = 320;

struct Format {
  const char* params;
  Layout layout;
};
constexpr Format formats[] = {{"", Layout::bandwidth_efficient},
                              {"octet-align=1", Layout::octet_aligned}};

const rtp::Codec& amr_wb(std::string_view params) {
  const auto* found = rtp::find_codec("AMR-WB", 16000, params);
  REQUIRE(found);
  return *found;
}

std::vector<Bytes> encoded(const Samples& said, std::size_t frames, const std::string& params) {
  const auto encoder = amr_wb(params).encoder(16000, params);
  std::vector<Bytes> packets;
  const auto size = frames * frame_samples;
  for (std::size_t at = 0; at + size <= said.size(); at += size) {
    Bytes payload(rtp::longest_payload);
    payload.resize(encoder->encode(std::span(said).subspan(at, size), payload));
    packets.push_back(payload);
  }
  return packets;
}

double level(std::span<const std::int16_t> samples) {
  double sum = 0;
  for (const double s : samples) sum += s * s;
  return std::sqrt(sum / double(samples.size()));
}

Samples noise(std::size_t samples, int most) {
  Samples out(samples);
  std::uint32_t random = 7;
  for (auto& s : out) {
    random = random * 1664525 + 1013904223;
    s = std::int16_t(int(random >> 16) % (2 * most) - most);
  }
  return out;
}

// A description of silence that is as loud as `noise`, as the encoder with DTX has it.
Bytes described_silence(Layout layout) {
  rtp::amr_wb::Frame frame{.type = rtp::amr_wb::silence};
  frame.bits = {0x9e, 0x5c, 0xb2, 0x6a, 0x9a};
  Bytes out(20);
  out.resize(rtp::amr_wb::write({&frame, 1}, layout, out));
  return out;
}

}  // namespace

TEST_CASE("amr-wb: a=fmtp decides which of its two formats is meant, and refuses the others") {
  const auto& packed = amr_wb("");
  const auto& aligned = amr_wb("octet-align=1");
  CHECK(&packed != &aligned);
  CHECK(&amr_wb("octet-align=0; mode-set=0,1,2") == &packed);
  CHECK(&amr_wb("mode-set=012; Octet-Align = 1;max-red=0") == &aligned);
  for (const auto* params : {"octet-align=1;crc=1", "octet-align=1;robust-sorting=1",
                             "octet-align=1;interleaving=30", "channels=2"})
    CHECK_FALSE(rtp::find_codec("AMR-WB", 16000, params));
  CHECK_FALSE(rtp::find_codec("AMR-WB", 8000));
}

TEST_CASE("amr-wb: a voice comes through both formats alike, however many frames a packet has") {
  const auto said = voice_signal(16000, 1.2);
  for (const auto& format : formats)
    for (const std::size_t frames : {1u, 2u, 3u, 10u}) {
      CAPTURE(format.params);
      CAPTURE(frames);
      const auto& codec = amr_wb(format.params);
      const auto decoder = codec.decoder(16000);
      Samples heard;
      for (const auto& payload : encoded(said, frames, format.params)) {
        REQUIRE(codec.samples(payload, 16000) == frames * frame_samples);
        CHECK(rtp::amr_wb::read(payload, format.layout)->entries[0].type == 2);
        Samples part(frames * frame_samples);
        REQUIRE(decoder->decode(payload, part) == part.size());
        heard.insert(heard.end(), part.begin(), part.end());
      }
      CHECK(heard.size() == said.size());
      CHECK(snr_db(said, heard, 128) > 7);
    }
}

TEST_CASE("amr-wb: frames are in the mode that is requested, as far as the mode-set allows") {
  const auto said = voice_signal(16000, 0.02);
  for (const auto& format : formats) {
    const auto params = std::string(format.params) + ";mode-set=0,2,8";
    const auto encoder = amr_wb(params).encoder(16000, params);
    const auto mode = [&] {
      Bytes payload(rtp::longest_payload);
      payload.resize(encoder->encode(said, payload));
      const auto modes = amr_wb(params).modes(payload);
      CHECK(modes.requests);  // anything
      CHECK_FALSE(modes.wanted);
      return modes.spoken;
    };
    CHECK(mode() == 2);
    encoder->request_mode(8);
    CHECK(mode() == 8);
    encoder->request_mode(1);
    CHECK(mode() == 0);
    encoder->request_mode({});
    CHECK(mode() == 2);
  }
}

TEST_CASE("amr-wb: of a request, modes count, and that there is no preference; the rest does not") {
  for (const auto& format : formats) {
    const auto& codec = amr_wb(format.params);
    auto payload = encoded(voice_signal(16000, 0.02), 1, format.params).front();
    for (int request = 0; request < 16; ++request) {
      CAPTURE(request);
      payload[0] = std::uint8_t((payload[0] & 0x0f) | request << 4);
      const auto modes = codec.modes(payload);
      CHECK(modes.requests == (request <= 8 || request == 15));
      CHECK(modes.wanted == (request <= 8 ? std::optional(request) : std::nullopt));
      CHECK(modes.spoken == 2);
    }
    CHECK_FALSE(codec.modes(described_silence(format.layout)).spoken);
    CHECK_FALSE(codec.modes(Bytes{0x20}).requests);
  }
}

TEST_CASE("amr-wb: with DTX silence is described now and then, and is heard as loud as it was") {
  const auto voice = voice_signal(16000, 0.2), hiss = noise(16000 * 4, 60);
  for (const auto& format : formats)
    for (const std::size_t frames : {1u, 3u}) {
      CAPTURE(format.params);
      CAPTURE(frames);
      const auto& codec = amr_wb(format.params);
      const auto encoder = codec.encoder(16000, format.params);
      const auto decoder = codec.decoder(16000);
      encoder->set_dtx(true);
      const auto size = frames * frame_samples;
      std::size_t left_out = 0, described = 0, all = 0;
      Samples last;
      const auto say = [&](const Samples& said) {
        for (std::size_t at = 0; at + size <= said.size(); at += size, ++all) {
          Bytes payload(rtp::longest_payload);
          payload.resize(encoder->encode(std::span(said).subspan(at, size), payload));
          Samples part(size);
          if (payload.empty()) {
            ++left_out;
            CHECK(decoder->conceal(part, {}));
          } else {
            const auto contents = rtp::amr_wb::read(payload, format.layout);
            REQUIRE(contents);
            CHECK(contents->entries[contents->count - 1].type != rtp::amr_wb::no_data);
            for (std::size_t i = 0; i < contents->count; ++i)
              described += contents->entries[i].type == rtp::amr_wb::silence;
            const auto decoded = decoder->decode(payload, part);
            CHECK(decoder->conceal(std::span(part).subspan(decoded), {}));
          }
          last = part;
        }
      };
      say(voice);
      CHECK(left_out == 0);
      CHECK(described == 0);
      const auto spoken = all;
      say(hiss);
      CHECK(described >= 8);
      CHECK(described <= 40);
      CHECK(left_out > (all - spoken) / 4);
      CHECK(level(last) > level(hiss) / 3);
      CHECK(level(last) < level(hiss) * 3);
      encoder->set_dtx(false);
      const auto before = left_out;
      say(hiss);
      CHECK(left_out == before);
    }
}

TEST_CASE("amr-wb: a lost packet is made up from the voice before it, and fades when more are") {
  const auto packets = encoded(voice_signal(16000, 1.2), 1, "");
  const auto decoder = amr_wb("").decoder(16000);
  Samples part(frame_samples);
  for (std::size_t i = 0; i < 25; ++i) (void)decoder->decode(packets[i], part);
  const auto voice = level(part);
  CHECK(voice > 500);
  CHECK(decoder->conceal(part, {}));
  CHECK(level(part) > voice / 2);
  for (int i = 0; i < 20; ++i) CHECK(decoder->conceal(part, {}));
  CHECK(level(part) < voice / 20);
}

TEST_CASE("amr-wb: what is made up in pieces is the same as in one") {
  const auto packets = encoded(voice_signal(16000, 0.2), 1, "");
  const auto made_up = [&](std::size_t piece) {
    const auto decoder = amr_wb("").decoder(16000);
    Samples part(frame_samples), all(3 * frame_samples);
    for (const auto& payload : packets) (void)decoder->decode(payload, part);
    for (std::size_t at = 0; at < all.size(); at += piece)
      CHECK(decoder->conceal(std::span(all).subspan(at, std::min(piece, all.size() - at)), {}));
    return all;
  };
  const auto whole = made_up(960);
  CHECK(level(whole) > 0);
  CHECK(made_up(320) == whole);
  CHECK(made_up(97) == whole);
}

TEST_CASE("amr-wb: behind a description of silence there is comfort noise, sent or not") {
  for (const auto& format : formats) {
    CAPTURE(format.params);
    const auto& codec = amr_wb(format.params);
    const auto decoder = codec.decoder(16000);
    Samples part(frame_samples);
    for (const auto& payload : encoded(noise(16000, 800), 1, format.params))
      REQUIRE(decoder->decode(payload, part) == part.size());
    const auto silence = described_silence(format.layout);
    rtp::amr_wb::Frame nothing{};
    Bytes no_data(2);
    REQUIRE(rtp::amr_wb::write({&nothing, 1}, format.layout, no_data) == 2);
    CHECK(codec.samples(silence, 16000) == frame_samples);
    CHECK(codec.samples(no_data, 16000) == frame_samples);
    for (int i = 0; i < 8; ++i) REQUIRE(decoder->decode(silence, part) == part.size());
    const auto described = level(part);
    CHECK(described > 1);
    for (int i = 0; i < 7; ++i) {
      REQUIRE(decoder->decode(no_data, part) == part.size());
      CHECK(level(part) > described / 4);
      CHECK(level(part) < described * 4);
    }
    REQUIRE(decoder->decode(silence, part) == part.size());
    for (int i = 0; i < 7; ++i) {
      REQUIRE(decoder->conceal(part, {}));
      CHECK(level(part) > described / 4);
    }
  }
}

TEST_CASE("amr-wb: a frame that was damaged on its way is not played as if it were good") {
  const auto packets = encoded(voice_signal(16000, 0.2), 1, "octet-align=1");
  const auto with_last = [&](const auto& last) {
    const auto decoder = amr_wb("octet-align=1").decoder(16000);
    Samples part(frame_samples);
    for (std::size_t i = 0; i + 1 < packets.size(); ++i) (void)decoder->decode(packets[i], part);
    last(*decoder, part);
    return part;
  };
  const auto lost = with_last([](rtp::Decoder& d, Samples& out) { CHECK(d.conceal(out, {})); });
  auto payload = packets.back();
  payload[1] &= std::uint8_t(~4);
  const auto decode = [&](rtp::Decoder& d, Samples& out) {
    CHECK(d.decode(payload, out) == out.size());
  };
  CHECK(with_last(decode) == lost);
  payload[1] |= 4;
  CHECK(with_last(decode) != lost);
}

TEST_CASE("amr-wb: of malformed payloads nothing is decoded") {
  for (const auto& format : formats) {
    CAPTURE(format.params);
    const auto& codec = amr_wb(format.params);
    const auto decoder = codec.decoder(16000);
    const auto whole = encoded(voice_signal(16000, 0.06), 3, format.params).front();
    Samples out(10 * frame_samples);
    for (std::size_t size = 0; size < whole.size() + 3; ++size) {
      if (size == whole.size()) continue;
      auto part = whole;
      part.resize(size);
      part.shrink_to_fit();
      CHECK(codec.samples(part, 16000) == 0);
      CHECK(decoder->decode(part, out) == 0);
    }
    CHECK(decoder->decode(whole, std::span(out).first(3 * frame_samples - 1)) == 0);
    const auto encoder = codec.encoder(16000, "");
    Bytes payload(rtp::longest_payload);
    for (const std::size_t samples : {0u, 160u, 330u, 3520u})
      CHECK(encoder->encode(Samples(samples), payload) == 0);
  }
}
