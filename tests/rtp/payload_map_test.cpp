#include "plugins/rtp/payload_map.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace parley;
using rtp::PayloadMap;

TEST_CASE("payload map: types, clocks and parameters; the first codec is the one to send") {
  const auto map = PayloadMap::parse(
      "101=telephone-event/8000,111=OPUS/48000/2;useinbandfec=1; usedtx=0,9=g722/8000,"
      "110=telephone-event/48000");
  REQUIRE(map);
  CHECK(map->codec().type == 111);
  CHECK(map->codec().codec == rtp::find_codec("opus", 48000));
  CHECK(map->codec().params == "useinbandfec=1; usedtx=0");
  REQUIRE(map->find(9));
  CHECK(map->find(9)->clock_rate == 8000);
  REQUIRE(map->find(101));
  CHECK_FALSE(map->find(101)->codec);
  CHECK_FALSE(map->find(0));
  CHECK_FALSE(map->find(-1));
  CHECK_FALSE(map->find(128));
  CHECK(map->events(48000)->type == 110);
  CHECK(map->events(8000)->type == 101);
  CHECK(map->events(16000)->type == 101);
}

TEST_CASE("payload map: an error names the entry that is wrong") {
  struct Row {
    const char *text, *says;
  };
  constexpr Row rows[] = {{"", "there is no codec"},
                          {"101=telephone-event/8000", "there is no codec"},
                          {"PCMU", "'PCMU' is not type=name/clock"},
                          {"0=PCMU", "'0=PCMU' is not type=name/clock"},
                          {"128=PCMU/8000", "'128=PCMU/8000' is not"},
                          {"18=G729/8000", "G729/8000 is no codec of ours; there are opus/48000"},
                          {"104=AMR-WB/16000;octet-align=1; crc=1",
                           "AMR-WB/16000;octet-align=1; crc=1 is no codec of ours"},
                          {"0=PCMU/16000", "PCMU/16000 is no codec of ours"},
                          {"0=PCMU/8000,0=PCMA/8000", "payload type 0 stands there twice"}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto map = PayloadMap::parse(row.text);
    REQUIRE_FALSE(map);
    CHECK_MESSAGE(map.error().find(row.says) != std::string::npos, map.error());
  }
}

TEST_CASE("payload map: random text is a map or an error") {
  std::mt19937 random(11);
  constexpr std::string_view letters = "019=,/;PCMUopus48000-";
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto n = random() % 40; n > 0; --n) text += letters[random() % letters.size()];
    if (const auto map = PayloadMap::parse(text)) CHECK(map->codec().codec);
  }
}
