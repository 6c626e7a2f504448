#include "plugins/rtp/codec.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/rtp/voice_signal.hpp"

using namespace parley;
using test::snr_db;
using test::voice_signal;
using Bytes = std::vector<std::uint8_t>;
using Samples = std::vector<std::int16_t>;

namespace {

const rtp::Codec& codec(std::string_view name, unsigned clock) {
  const auto* found = rtp::find_codec(name, clock);
  REQUIRE(found);
  return *found;
}

std::vector<Bytes> encoded(const rtp::Codec& c, const Samples& said, unsigned rate, unsigned ms,
                           std::string_view params = {}) {
  const auto encoder = c.encoder(rate, params);
  std::vector<Bytes> packets;
  const std::size_t size = rate * ms / 1000;
  for (std::size_t at = 0; at + size <= said.size(); at += size) {
    Bytes payload(rtp::longest_payload);
    payload.resize(encoder->encode(std::span(said).subspan(at, size), payload));
    packets.push_back(payload);
  }
  return packets;
}

Samples decoded(const rtp::Codec& c, const std::vector<Bytes>& packets, unsigned rate) {
  const auto decoder = c.decoder(rate);
  Samples heard;
  for (const auto& payload : packets) {
    Samples part(rate / 5);
    part.resize(decoder->decode(payload, part));
    CHECK(part.size() == c.samples(payload, rate));
    heard.insert(heard.end(), part.begin(), part.end());
  }
  return heard;
}

}  // namespace

TEST_CASE("codecs: what is encoded is heard again, at every packet time") {
  struct Row {
    const char* name;
    unsigned clock, rate;
    double least_db;
  };
  constexpr Row rows[] = {
      {"PCMU", 8000, 8000, 35},   {"PCMA", 8000, 8000, 35},   {"G722", 8000, 16000, 29},
      {"L16", 8000, 8000, 150},   {"L16", 16000, 16000, 150}, {"opus", 48000, 8000, 10},
      {"opus", 48000, 16000, 10}, {"opus", 48000, 48000, 10}, {"AMR-WB", 16000, 16000, 7}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.rate);
    const auto& c = codec(row.name, row.clock);
    const auto said = voice_signal(row.rate, 0.6);
    for (const auto ms : c.packet_ms) {
      CAPTURE(ms);
      const auto packets = encoded(c, said, row.rate, ms);
      REQUIRE(packets.size() == 600 / ms);
      for (const auto& p : packets) CHECK(p.size() <= rtp::longest_payload);
      const auto heard = decoded(c, packets, row.rate);
      REQUIRE(heard.size() == said.size());
      CHECK(snr_db(said, heard, row.rate / 125) > row.least_db);
    }
  }
}

TEST_CASE("codecs: empty, short, huge and random payloads harm nothing") {
  std::mt19937 random(5);
  for (const auto* c : rtp::codecs()) {
    CAPTURE(std::string(c->name));
    const unsigned rate = c->decoded_rate("");
    const auto decoder = c->decoder(rate);
    Samples out(rate / 5);
    CHECK(c->samples({}, rate) == 0);
    CHECK(decoder->decode({}, out) == 0);
    for (int i = 0; i < 4000; ++i) {
      Bytes payload(i < 10 ? std::size_t(i) : random() % 1500);
      for (auto& b : payload) b = std::uint8_t(random());
      const auto count = decoder->decode(payload, out);
      CHECK(count <= out.size());
      if (i % 7 == 0) (void)decoder->conceal(std::span(out).first(random() % out.size()), payload);
      if (i % 11 == 0) (void)decoder->conceal(std::span(out).first(random() % out.size()), {});
    }
  }
}

TEST_CASE("codecs: a decoder never writes more than there is room for") {
  for (const auto* c : rtp::codecs()) {
    CAPTURE(std::string(c->name));
    const unsigned rate = c->decoded_rate("");
    const auto packets = encoded(*c, voice_signal(rate, 0.1), rate, 20);
    Samples small(rate / 100);
    CHECK(c->decoder(rate)->decode(packets.back(), small) == 0);
    Bytes tiny(3);
    CHECK(c->encoder(rate, "")->encode(voice_signal(rate, 0.02), tiny) <= tiny.size());
  }
}

TEST_CASE("codecs: found by name in any case and by clock; G.722's clock is not its rate") {
  CHECK(rtp::find_codec("pcmu", 8000) == rtp::find_fixed_codec(0));
  CHECK(rtp::find_codec("PCMA", 8000) == rtp::find_fixed_codec(8));
  CHECK(rtp::find_codec("OPUS", 48000));
  CHECK(rtp::find_codec("L16", 8000) != rtp::find_codec("L16", 16000));
  CHECK_FALSE(rtp::find_codec("G722", 16000));
  CHECK_FALSE(rtp::find_codec("G729", 8000));
  CHECK_FALSE(rtp::find_codec("", 8000));
  CHECK_FALSE(rtp::find_fixed_codec(111));
  const auto& g722 = *rtp::find_fixed_codec(9);
  CHECK(g722.clock_rate == 8000);
  CHECK(g722.decoded_rate("") == 16000);
}

TEST_CASE("codecs: a packet is as long as wanted, as far as the codec can") {
  struct Row {
    const char* name;
    unsigned clock, wanted, got;
  };
  constexpr Row rows[] = {
      {"PCMU", 8000, 20, 20},    {"PCMU", 8000, 30, 30},   {"PCMU", 8000, 5, 10},
      {"PCMU", 8000, 200, 60},   {"PCMU", 8000, 25, 20},   {"opus", 48000, 30, 20},
      {"opus", 48000, 50, 40},   {"opus", 48000, 60, 60},  {"L16", 16000, 60, 40},
      {"AMR-WB", 16000, 10, 20}, {"AMR-WB", 16000, 50, 40}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.wanted);
    CHECK(rtp::packet_ms(codec(row.name, row.clock), row.wanted) == row.got);
  }
}

TEST_CASE("opus: runs at 8 kHz only when the far end has no more (RFC 7587)") {
  const auto& opus = codec("opus", 48000);
  CHECK(opus.encoded_rate("") == 16000);
  CHECK(opus.encoded_rate("maxplaybackrate=8000") == 8000);
  CHECK(opus.encoded_rate("maxplaybackrate=48000") == 16000);
  CHECK(opus.decoded_rate("sprop-maxcapturerate=8000") == 8000);
  CHECK(opus.decoded_rate("maxplaybackrate=8000") == 16000);
  CHECK_FALSE(opus.decoder(44100));
  CHECK_FALSE(opus.encoder(44100, ""));
}

TEST_CASE("opus: a lost packet is heard from the next one's FEC, better than made up") {
  const auto& opus = codec("opus", 48000);
  const unsigned rate = 16000;
  const auto said = voice_signal(rate, 4);
  const auto packets = encoded(opus, said, rate, 20, "useinbandfec=1");
  const auto through = [&](bool fec) {
    const auto decoder = opus.decoder(rate);
    Samples heard;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      Samples part(rate / 50);
      if (i % 5 == 4 && i + 1 < packets.size())
        CHECK(decoder->conceal(part, fec ? std::span<const std::uint8_t>(packets[i + 1])
                                         : std::span<const std::uint8_t>()));
      else
        CHECK(decoder->decode(packets[i], part) == part.size());
      heard.insert(heard.end(), part.begin(), part.end());
    }
    return snr_db(said, heard);
  };
  const auto fec = through(true), made_up = through(false);
  CHECK(fec > made_up + 5);
}

TEST_CASE("opus: in silence nothing needs to be sent, when the far end says so (DTX)") {
  const auto& opus = codec("opus", 48000);
  const Samples silence(16000 * 4, 0);
  const auto sent = [&](std::string_view params) {
    const auto packets = encoded(opus, silence, 16000, 20, params);
    return std::ranges::count_if(packets, [](const Bytes& p) { return !p.empty(); });
  };
  CHECK(sent("") == 200);
  CHECK(sent("usedtx=1") < 60);
}

TEST_CASE("opus: the far end's greatest bit rate is kept") {
  const auto& opus = codec("opus", 48000);
  const auto said = voice_signal(16000, 4);
  const auto bits = [&](std::string_view params) {
    std::size_t bytes = 0;
    for (const auto& p : encoded(opus, said, 16000, 20, params)) bytes += p.size();
    return bytes * 8 / 4;
  };
  CHECK(bits("cbr=1") > 23000);
  CHECK(bits("cbr=1;maxaveragebitrate=10000") < 10500);
}
