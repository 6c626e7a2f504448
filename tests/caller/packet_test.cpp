#include "tools/caller/packet.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace parley::caller;

TEST_CASE("packet: G.711 codes of the standard, and every code comes back to itself") {
  CHECK(encode(Law::mu, 0) == 0xff);
  CHECK(encode(Law::mu, 32'767) == 0x80);
  CHECK(encode(Law::mu, -32'768) == 0x00);
  CHECK(decode(Law::mu, 0x80) == 32'124);
  CHECK(decode(Law::mu, 0x00) == -32'124);
  CHECK(encode(Law::a, 0) == 0xd5);
  CHECK(encode(Law::a, -1) == 0x55);
  CHECK(encode(Law::a, 32'767) == 0xaa);
  CHECK(encode(Law::a, -32'768) == 0x2a);
  CHECK(decode(Law::a, 0xaa) == 32'256);
  CHECK(decode(Law::a, 0xd5) == 8);
  for (int code = 0; code < 256; ++code) {
    CHECK(encode(Law::a, decode(Law::a, std::uint8_t(code))) == code);
    if (code != 0x7f)
      CHECK(encode(Law::mu, decode(Law::mu, std::uint8_t(code))) == code);  // 0x7f: -0
  }
  for (int sample = -32'768; sample < 32'768; sample += 7) {
    const int allowed = 16 + std::abs(sample) / 16;
    for (const auto law : {Law::mu, Law::a}) {
      const int back = decode(law, encode(law, std::int16_t(sample)));
      if (std::abs(sample) < 32'000) CHECK(std::abs(back - sample) <= allowed);
    }
  }
}

TEST_CASE(
    "packet: an RTP header is written and read; extensions, CSRCs and padding are stepped over") {
  const RtpHeader header{.payload_type = 101,
                         .marker = true,
                         .sequence = 65'000,
                         .timestamp = 4'000'000'000,
                         .ssrc = 7};
  const std::vector<std::uint8_t> payload{1, 2, 3, 4};
  const auto bytes = write_rtp(header, payload);
  const auto back = parse_rtp(bytes);
  REQUIRE(back);
  CHECK(back->header == header);
  CHECK(std::vector(back->payload.begin(), back->payload.end()) == payload);

  auto rich = bytes;
  rich[0] = 0x80 | 0x20 | 0x10 | 1;  // padding, extension, one CSRC
  const std::vector<std::uint8_t> extra{9, 9, 9, 9, 0xbe, 0xde, 0, 1, 5, 5, 5, 5};
  rich.insert(rich.begin() + 12, extra.begin(), extra.end());
  rich.insert(rich.end(), {0, 0, 3});
  const auto stepped = parse_rtp(rich);
  REQUIRE(stepped);
  CHECK(std::vector(stepped->payload.begin(), stepped->payload.end()) == payload);

  for (std::size_t cut = 0; cut < rich.size(); ++cut) (void)parse_rtp(std::span(rich).first(cut));
  CHECK_FALSE(parse_rtp(std::span(bytes).first(11)));
  auto version = bytes;
  version[0] = 0x40;
  CHECK_FALSE(parse_rtp(version));
}
