#include "plugins/rtp/amr_wb_payload.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace parley::rtp::amr_wb;
using Bytes = std::vector<std::uint8_t>;

namespace {

constexpr auto packed = Layout::bandwidth_efficient, aligned = Layout::octet_aligned;

// A frame of ones, so that each bit's place can be seen.
Frame ones(int type) {
  Frame out{.type = type};
  out.bits.fill(0xff);
  return out;
}

Bytes written(const std::vector<Frame>& frames, Layout layout) {
  Bytes out(500);
  out.resize(write(frames, layout, out));
  return out;
}

}  // namespace

TEST_CASE("amr-wb payload: the bits stand where RFC 4867 has them") {
  // 6.60 kbit/s: 4 bits of request, 6 of contents, 132 of speech, 2 of padding.
  const auto one = written({ones(0)}, packed);
  REQUIRE(one.size() == 18);
  CHECK(one[0] == 0xf0);  // no request; no further frame, type 0
  CHECK(one[1] == 0x7f);  // ... good; speech
  CHECK(one[17] == 0xfc);
  // Two of 8.85: 4 + 2 * 6 + 2 * 177 bits.
  const auto two = written({ones(1), ones(1)}, packed);
  REQUIRE(two.size() == 47);
  CHECK(two[0] == 0xf8);  // one more frame behind it
  CHECK(two[1] == 0xc3);
  CHECK(two[46] == 0xc0);
  const auto octets = written({ones(1), ones(1)}, aligned);
  REQUIRE(octets.size() == 3 + 2 * 23);
  CHECK(octets[0] == 0xf0);
  CHECK(octets[1] == 0x8c);
  CHECK(octets[2] == 0x0c);
}

TEST_CASE("amr-wb payload: every frame is read as it was written") {
  std::mt19937 random(3);
  constexpr int bits[] = {132, 177, 253, 285, 317, 365, 397, 461, 477, 40};
  for (const auto layout : {packed, aligned})
    for (int type = 0; type <= silence; ++type)
      for (std::size_t count = 1; count <= most_frames; ++count) {
        CAPTURE(type);
        CAPTURE(count);
        std::vector<Frame> frames(count);
        for (auto& frame : frames) {
          frame.type = type;
          frame.good = random() % 2;
          for (int i = 0; i < bits[type]; ++i)
            frame.bits[std::size_t(i / 8)] |= std::uint8_t((random() & 1) << (7 - i % 8));
        }
        Bytes payload(700);
        payload.resize(write(frames, layout, payload));
        CHECK(payload.size() == payload_size(frames, layout));
        const auto contents = read(payload, layout);
        REQUIRE(contents);
        REQUIRE(contents->count == count);
        for (std::size_t i = 0; i < count; ++i) {
          const auto now = frame(payload, contents->entries[i]);
          CHECK(now.type == type);
          CHECK(now.good == frames[i].good);
          CHECK(now.bits == frames[i].bits);
        }
      }
}

TEST_CASE("amr-wb payload: frames of several types are written one behind the other") {
  for (const auto layout : {packed, aligned}) {
    std::vector<Frame> frames{ones(8), Frame{}, ones(silence), ones(0)};
    frames[2].bits = {0xff, 0xff, 0xff, 0xff, 0xff};
    const auto payload = written(frames, layout);
    CHECK(payload.size() ==
          (layout == packed ? (4 + 4 * 6 + 477 + 40 + 132 + 7) / 8 : 1 + 4 + 60 + 5 + 17));
    const auto contents = read(payload, layout);
    REQUIRE(contents);
    REQUIRE(contents->count == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(contents->entries[i].type == frames[i].type);
    CHECK(frame(payload, contents->entries[2]).bits == frames[2].bits);
    CHECK(frame(payload, contents->entries[3]).bits[16] == 0xf0);
  }
  CHECK(written({}, packed).empty());
}

TEST_CASE("amr-wb payload: the mode that is requested is read") {
  for (const auto layout : {packed, aligned}) {
    auto payload = written({ones(2)}, layout);
    CHECK(read(payload, layout)->request == no_request);
    for (const int request : {0, 8, 12}) {
      payload[0] = std::uint8_t((payload[0] & 0x0f) | request << 4);
      CHECK(read(payload, layout)->request == request);
    }
  }
}

TEST_CASE("amr-wb payload: frames of several types in one packet, and nothing where nothing is") {
  // Octets: no request; 15, 9, 14, 0 in the contents; 5 octets of silence, 17 of speech.
  Bytes payload{0xf0, 0xfc, 0xcc, 0xf4, 0x04};
  payload.insert(payload.end(), 5, 0x55);
  payload.insert(payload.end(), 17, 0xa0);
  const auto contents = read(payload, aligned);
  REQUIRE(contents);
  REQUIRE(contents->count == 4);
  CHECK(contents->entries[0].type == no_data);
  CHECK(contents->entries[1].type == silence);
  CHECK(contents->entries[2].type == speech_lost);
  CHECK(frame(payload, contents->entries[1]).bits[4] == 0x55);
  CHECK(frame(payload, contents->entries[3]).bits[0] == 0xa0);
  CHECK(frame(payload, contents->entries[0]).bits[0] == 0);
}

TEST_CASE("amr-wb payload: what is cut off, too long or of no type is refused") {
  struct Row {
    const char* what;
    Layout layout;
    Bytes payload;
  };
  const Row rows[] = {{"empty", packed, {}},
                      {"empty", aligned, {}},
                      {"a request alone", packed, {0xf0}},
                      {"a request alone", aligned, {0xf0}},
                      {"contents that do not end", packed, {0xff, 0xff, 0xff}},
                      {"contents that do not end", aligned, {0xf0, 0xfc, 0xfc}},
                      {"type 10", packed, {0xf5, 0x40}},
                      {"type 10", aligned, {0xf0, 0x54}},
                      {"type 13", aligned, {0xf0, 0x6c}},
                      {"no speech", packed, {0xf0, 0x40}},
                      {"no speech", aligned, {0xf0, 0x04}},
                      {"an octet behind the end", packed, {0xf7, 0xc0, 0x00}},
                      {"an octet behind the end", aligned, {0xf0, 0x7c, 0x00}}};
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK_FALSE(read(row.payload, row.layout));
  }
  CHECK(read(Bytes{0xf7, 0xc0}, packed));
  CHECK(read(Bytes{0xf0, 0x7c}, aligned));
  Bytes many(1 + most_frames, 0xfc);
  many.back() = 0x7c;
  CHECK(read(many, aligned)->count == most_frames);
  many.insert(many.begin() + 1, 0xfc);
  CHECK_FALSE(read(many, aligned));
}

TEST_CASE(
    "amr-wb payload: of every length but its own a payload is refused, and never written past") {
  for (const auto layout : {packed, aligned})
    for (int type = 0; type <= silence; ++type) {
      CAPTURE(type);
      const std::vector<Frame> frames(3, ones(type));
      const auto whole = written(frames, layout);
      for (std::size_t size = 0; size < whole.size() + 3; ++size) {
        auto part = whole;
        part.resize(size);
        part.shrink_to_fit();
        CHECK(read(part, layout).has_value() == (size == whole.size()));
      }
      Bytes small(whole.size() - 1, 0xee);
      CHECK(write(frames, layout, small) == 0);
      CHECK(small == Bytes(small.size(), 0xee));
    }
}
