#include "engine/base/base64.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace parley;

namespace {
std::vector<std::uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }
}  // namespace

TEST_CASE("base64: the test vectors of RFC 4648, both ways") {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, coded] : rows) {
    CHECK(encode_base64(bytes(plain)) == coded);
    const auto back = decode_base64(coded);
    REQUIRE(back);
    CHECK(*back == bytes(plain));
  }
}

TEST_CASE("base64: whatever the bytes are, they come back") {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    std::vector<std::uint8_t> all(random() % 400);
    for (auto& b : all) b = std::uint8_t(random());
    const auto back = decode_base64(encode_base64(all));
    REQUIRE(back);
    CHECK(*back == all);
  }
}

TEST_CASE("base64: what is not quite base64 is refused, and the error says where") {
  const std::pair<const char*, const char*> rows[] = {
      {"Zg=", "has 3 characters, which is no multiple of 4"},
      {"Zm9*", "character 4 is not of base64"},
      {"Zm 9", "character 3 is not of base64"},
      {"Z===", "character 2 is not of base64"},
      {"Zg==Zg==", "character 3 is not of base64"},
      {"Zm-_", "character 3 is not of base64"},
      {"Zh==", "ends in bits that stand for nothing"},
      {"====", "character 1 is not of base64"},
  };
  for (const auto& [text, error] : rows) {
    CAPTURE(text);
    const auto decoded = decode_base64(text);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error() == error);
  }
}

TEST_CASE("base64: where a loose end is taken, padding and unused bits do not matter") {
  const std::vector<std::uint8_t> f{'f'};
  for (const char* text : {"Zg==", "Zg=", "Zg", "Zg======", "Zh=="}) {
    CAPTURE(std::string(text));
    const auto decoded = decode_base64(text, Base64End::loose);
    REQUIRE(decoded);
    CHECK(*decoded == f);
  }
  CHECK(decode_base64("", Base64End::loose)->empty());
  for (const char* text : {"Z", "Zm9vY", "Zg=g", "Zg==Zg=="})
    CHECK_FALSE(decode_base64(text, Base64End::loose));
}
