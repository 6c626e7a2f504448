#include "engine/sip/sdes.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace parley;
using namespace parley::sip;

namespace {

// RFC 4568, 6.1: key and salt of AES_CM_128_HMAC_SHA1_80.
constexpr auto rfc_key = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

Crypto crypto(std::string_view value) {
  const auto c = parse_crypto(value);
  REQUIRE(c);
  return *c;
}

std::string line(std::string_view rest) {
  return std::string("1 AES_CM_128_HMAC_SHA1_80 inline:") + rfc_key + std::string(rest);
}

}  // namespace

TEST_CASE("sdes: the lines of RFC 4568 and of telephones are read") {
  const auto c = crypto(line("|2^20"));
  CHECK(c.tag == 1);
  CHECK(c.key.suite() == SrtpSuite::aes_cm_128_80);
  const std::string bytes(c.key.bytes().begin(), c.key.bytes().end());
  CHECK(bytes == "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#");
  CHECK(crypto(line("")).key == c.key);
  CHECK(crypto(line("|1048576")).key == c.key);
  CHECK(crypto(" 1  AES_CM_128_HMAC_SHA1_32   inline:" + std::string(rfc_key) + " ").key.suite() ==
        SrtpSuite::aes_cm_128_32);
  CHECK(crypto("7 AEAD_AES_256_GCM "
               "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis")
            .key.bytes()[43] == 43);  // without its padding
}

TEST_CASE("sdes: what we don't do, and what is wrong, is passed over") {
  for (const auto& bad :
       {line("|2^20|1:4"), line("|1:4"), line(" KDR=1"), line(" UNENCRYPTED_SRTP"),
        line("|2^20;inline:") + rfc_key, std::string("x") + line(""), std::string("-") + line(""),
        std::string("1 F8_128_HMAC_SHA1_80 inline:") + rfc_key,
        std::string("1 AEAD_AES_128_GCM inline:") + rfc_key,  // two bytes too long
        std::string("1 AES_CM_128_HMAC_SHA1_80 ") + rfc_key, line("A"), line("!"),
        std::string("1 AES_CM_128_HMAC_SHA1_80 inline:"), std::string("1"), std::string()}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_crypto(bad));
  }
}

TEST_CASE("sdes: what is written is read back, and every key is another") {
  const auto offer = make_crypto_offer(), again = make_crypto_offer();
  REQUIRE(offer.size() == srtp_suites.size());
  for (std::size_t i = 0; i < offer.size(); ++i) {
    const auto text = write_crypto(offer[i]);
    REQUIRE(text.starts_with("a=crypto:"));
    REQUIRE(text.ends_with("\r\n"));
    const auto read = crypto(std::string_view(text).substr(9, text.size() - 11));
    CHECK(read.tag == offer[i].tag);
    CHECK(read.key == offer[i].key);
    CHECK_FALSE(read.key == again[i].key);
  }
}

TEST_CASE("sdes: the suite that we like best is chosen, with the tag it was offered with") {
  auto offered = make_crypto_offer();
  std::swap(offered[0], offered[3]);
  auto chosen = choose_crypto(offered, make_crypto_offer());
  REQUIRE(chosen);
  CHECK(chosen->ours.key.suite() == SrtpSuite::aead_aes_128_gcm);
  CHECK(chosen->ours.tag == offered[3].tag);
  CHECK(chosen->theirs.key == offered[3].key);
  CHECK_FALSE(chosen->ours.key == chosen->theirs.key);
  chosen = choose_crypto(std::span(offered).first(1), make_crypto_offer());
  CHECK(chosen->ours.key.suite() == SrtpSuite::aes_cm_128_32);
  CHECK_FALSE(choose_crypto({}, offered));
  CHECK_FALSE(choose_crypto(offered, {}));
}

TEST_CASE("sdes: an answer must be to a line that was offered") {
  const auto offered = make_crypto_offer();
  auto answer = *choose_crypto(offered, make_crypto_offer());
  REQUIRE(find_crypto(offered, answer.ours));
  CHECK(find_crypto(offered, answer.ours)->key == offered[0].key);
  answer.ours.tag = 9;
  CHECK_FALSE(find_crypto(offered, answer.ours));
  answer.ours.tag = 2;  // the tag of another suite
  CHECK_FALSE(find_crypto(offered, answer.ours));
}

TEST_CASE("sdes: any text is read within its bounds") {
  std::mt19937 random(1);
  const auto good = line("|2^20|1:4");
  for (int i = 0; i < 100'000; ++i) {
    auto text = good;
    for (auto n = random() % 5; n > 0; --n) text[random() % text.size()] = char(random());
    text.resize(random() % (text.size() + 1));
    (void)parse_crypto(text);
  }
}
