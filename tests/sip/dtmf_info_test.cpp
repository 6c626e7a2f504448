#include "engine/sip/dtmf_info.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace parley::sip;

TEST_CASE("dtmf info: keys as vendors write them") {
  struct Row {
    const char *type, *body;
    char digit;  // 0: none
    unsigned ms;
  };
  constexpr Row rows[] = {
      {"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 160},
      {"application/dtmf-relay", "Signal= *\r\nDuration= 250", '*', 250},
      {"Application/DTMF-Relay; charset=x", "signal=#\nduration=90\n", '#', 90},
      {"application/dtmf-relay", "Signal=11\r\n", '#', 100},
      {"application/dtmf-relay", "Signal=a\r\nDuration=x\r\n", 'A', 100},
      {"application/dtmf-relay", "Duration=160\r\n", 0, 0},
      {"application/dtmf-relay", "Signal=16\r\nDuration=160\r\n", 0, 0},  // hook flash
      {"application/dtmf-relay", "Signal=\r\n", 0, 0},
      {"application/dtmf-relay", "Signal=5\r\nDuration=99999999\r\n", '5', 10000},
      {"application/dtmf", "5", '5', 100},
      {"application/dtmf", "10\r\n", '*', 100},
      {"application/dtmf", "Signal=7", '7', 100},
      {"application/dtmf", "", 0, 0},
      {"application/dtmf", "hello", 0, 0},
      {"text/plain", "5", 0, 0},
      {"", "5", 0, 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.type);
    CAPTURE(row.body);
    const auto key = parse_dtmf_info(row.type, row.body);
    REQUIRE(bool(key) == (row.digit != 0));
    if (!key) continue;
    CHECK(key->digit == row.digit);
    CHECK(key->duration_ms == row.ms);
  }
}

TEST_CASE("dtmf info: random bodies give a key or none") {
  std::mt19937 random(9);
  const std::string pieces[] = {"Signal", "=",           "Duration", "\r\n", "5",
                                "#",      "99999999999", " ",        "\0"};
  for (int i = 0; i < 20000; ++i) {
    std::string body;
    for (auto n = random() % 10; n > 0; --n) body += pieces[random() % std::size(pieces)];
    if (const auto key = parse_dtmf_info("application/dtmf-relay", body))
      CHECK(std::string("0123456789*#ABCD").find(key->digit) != std::string::npos);
  }
}
