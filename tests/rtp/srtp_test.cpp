#include "plugins/rtp/srtp.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/sim_loop.hpp"
#include "plugins/rtp/rtp_packet.hpp"

using namespace parley;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes hex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char c : text) {
    const auto digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) continue;
    if (high < 0) {
      high = int(digit);
    } else {
      out.push_back(std::uint8_t(high * 16 + int(digit)));
      high = -1;
    }
  }
  return out;
}

SrtpKey key(SrtpSuite suite, Bytes bytes) {
  auto k = SrtpKey::make(suite, bytes);
  REQUIRE(k);
  return *k;
}

SrtpKey some_key(SrtpSuite suite, int seed) {
  std::mt19937 random{unsigned(seed)};
  Bytes bytes(info(suite).key + info(suite).salt);
  for (auto& b : bytes) b = std::uint8_t(random());
  return key(suite, bytes);
}

std::unique_ptr<Srtp> make(const SrtpKey& ours, const SrtpKey& theirs) {
  auto made = Srtp::make(ours, theirs);
  REQUIRE(made);
  return *std::move(made);
}

Bytes protect(Srtp& srtp, const Bytes& packet) {
  Bytes buffer = packet;
  buffer.resize(packet.size() + Srtp::trailer);
  buffer.resize(srtp.protect(buffer, packet.size()));
  return buffer;
}

Bytes unprotect(Srtp& srtp, const Bytes& packet) {
  Bytes buffer = packet;
  buffer.resize(packet.size() + Srtp::trailer);
  buffer.resize(srtp.unprotect(buffer, packet.size()));
  return buffer;
}

Bytes rtp_packet(unsigned n, std::uint32_t ssrc = 5) {
  Bytes bytes(rtp::header_size + 160, std::uint8_t(n));
  const Bytes payload(160, std::uint8_t(n));
  rtp::write({.sequence = std::uint16_t(n), .timestamp = n * 160, .ssrc = ssrc, .payload = payload},
             bytes);
  return bytes;
}

const Bytes report = hex("80c80006 00000005 00000000 00000000 00000000 00000001 000000a0");

// Two ends of one call.
struct Pair {
  std::unique_ptr<Srtp> a, b;

  explicit Pair(SrtpSuite suite)
      : a(make(some_key(suite, 1), some_key(suite, 2))),
        b(make(some_key(suite, 2), some_key(suite, 1))) {}
};

}  // namespace

TEST_CASE(
    "srtp: AES-128-GCM with the keys derived (RFC 7714): the known answer of other "
    "implementations") {
  const auto plain = hex("800f1234 decafbad cafebabe abababab abababab abababab abababab");
  const auto k = key(SrtpSuite::aead_aes_128_gcm,
                     hex("000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab"));
  const auto cipher =
      hex("800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826"
          "f796b201df3131a127e8a392");
  auto sender = make(k, k), receiver = make(k, k);
  CHECK(protect(*sender, plain) == cipher);
  CHECK(unprotect(*receiver, cipher) == plain);
}

TEST_CASE(
    "srtp: AES-CM-128 with HMAC-SHA1-80 and the master key of RFC 3711, B.3: the known answer") {
  const auto k = key(SrtpSuite::aes_cm_128_80,
                     hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6"));
  const auto plain = hex("800f1234 decafbad cafebabe abababab abababab abababab abababab");
  const auto cipher =
      hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402"
          "b78d6acc99ea179b8dbb");
  auto sender = make(k, k), receiver = make(k, k);
  CHECK(protect(*sender, plain) == cipher);
  CHECK(unprotect(*receiver, cipher) == plain);
}

TEST_CASE("srtp: every suite carries RTP and RTCP both ways, encrypted") {
  struct Row {
    SrtpSuite suite;
    std::size_t rtp_grows, rtcp_grows;
  };
  constexpr Row rows[] = {{SrtpSuite::aead_aes_128_gcm, 16, 20},
                          {SrtpSuite::aead_aes_256_gcm, 16, 20},
                          {SrtpSuite::aes_cm_128_80, 10, 14},
                          {SrtpSuite::aes_cm_128_32, 4, 14}};
  for (const auto& row : rows) {
    CAPTURE(info(row.suite).name);
    Pair p(row.suite);
    for (unsigned n = 65500; n < 65700; ++n) {  // the sequence rolls over
      const auto plain = rtp_packet(n);
      const auto cipher = protect(*p.a, plain);
      REQUIRE(cipher.size() == plain.size() + row.rtp_grows);
      CHECK(std::search(cipher.begin(), cipher.end(), plain.end() - 16, plain.end()) ==
            cipher.end());
      REQUIRE(unprotect(*p.b, cipher) == plain);
    }
    const auto cipher = protect(*p.b, report);
    CHECK(cipher.size() == report.size() + row.rtcp_grows);
    CHECK(unprotect(*p.a, cipher) == report);
    CHECK(p.a->counters().forged == 0);
    CHECK(p.b->counters().forged == 0);
  }
}

TEST_CASE("srtp: what was changed on the way, or is another's, is not believed") {
  for (const auto& suite : srtp_suites) {
    CAPTURE(suite.name);
    Pair p(suite.suite), q(suite.suite);
    const auto cipher = protect(*p.a, rtp_packet(1));
    for (std::size_t at :
         {std::size_t(1), std::size_t(2), std::size_t(9), std::size_t(20), cipher.size() - 1}) {
      auto bad = cipher;
      bad[at] ^= 1;
      CHECK(unprotect(*p.b, bad).empty());
    }
    CHECK(unprotect(*p.b, rtp_packet(1)).empty());  // plain RTP
    CHECK(unprotect(*p.b, Bytes(cipher.begin(), cipher.begin() + 11)).empty());
    CHECK(unprotect(*p.b, {}).empty());
    CHECK(p.b->counters().forged == 8);
    CHECK(unprotect(*p.b, cipher) == rtp_packet(1));
    auto other = make(some_key(suite.suite, 3), some_key(suite.suite, 4));
    CHECK(unprotect(*other, cipher).empty());
  }
}

TEST_CASE("srtp: a packet is taken once, also out of order; one that is too old never") {
  Pair p(SrtpSuite::aead_aes_128_gcm);
  std::vector<Bytes> sent;
  for (unsigned n = 0; n < 300; ++n) sent.push_back(protect(*p.a, rtp_packet(n)));
  CHECK_FALSE(unprotect(*p.b, sent[250]).empty());
  CHECK_FALSE(unprotect(*p.b, sent[200]).empty());
  CHECK(unprotect(*p.b, sent[200]).empty());
  CHECK(unprotect(*p.b, sent[250]).empty());
  CHECK(unprotect(*p.b, sent[100]).empty());
  CHECK(p.b->counters().replayed == 3);
  CHECK(p.b->counters().forged == 0);
}

TEST_CASE("srtp: a new key of the far end replaces the old one") {
  Pair p(SrtpSuite::aes_cm_128_80);
  auto q = make(some_key(SrtpSuite::aead_aes_256_gcm, 7), some_key(SrtpSuite::aes_cm_128_80, 2));
  CHECK(unprotect(*p.b, protect(*q, rtp_packet(1))).empty());
  REQUIRE(p.b->use_keys(some_key(SrtpSuite::aes_cm_128_80, 2),
                        some_key(SrtpSuite::aead_aes_256_gcm, 7)));
  CHECK_FALSE(unprotect(*p.b, protect(*q, rtp_packet(2))).empty());
}

TEST_CASE("srtp: a key of another length than the suite's is none") {
  CHECK_FALSE(SrtpKey::make(SrtpSuite::aead_aes_128_gcm, Bytes(30)));
  CHECK_FALSE(SrtpKey::make(SrtpSuite::aes_cm_128_80, Bytes(28)));
}

TEST_CASE("srtp: over a secure port both ends see plain packets, a stranger's are counted") {
  const auto loop = SimLoop::make();
  constexpr Address here{0x0a000001, 20000}, there{0x0a000002, 4000};
  auto [ours, theirs] = make_wire(loop, here, there);
  const auto suite = SrtpSuite::aead_aes_128_gcm;
  auto a = make_secure_port(ours, make(some_key(suite, 1), some_key(suite, 2)));
  auto b = make_secure_port(theirs, make(some_key(suite, 2), some_key(suite, 1)));
  std::vector<Bytes> at_a, at_b;
  Gate gate(*loop);
  a->receive([&](auto bytes, const Address&) { at_a.emplace_back(bytes.begin(), bytes.end()); });
  b->receive([&](auto bytes, const Address&) {
    at_b.emplace_back(bytes.begin(), bytes.end());
    b->send(report, here);  // in the middle of its own
  });
  CHECK(a->send(rtp_packet(1), there));
  loop->pump_to(10ms);
  CHECK(at_b == std::vector<Bytes>{rtp_packet(1)});
  CHECK(at_a == std::vector<Bytes>{report});
  theirs->send(rtp_packet(2), here);  // not encrypted
  loop->pump_to(20ms);
  CHECK(at_a.size() == 1);
  CHECK(a->undecryptable() == 1);
  CHECK(a->secure());
  CHECK_FALSE(ours->secure());
  CHECK(a->local() == here);
  CHECK_FALSE(a->send(Bytes(4000), there));
}

TEST_CASE("srtp: after a change of keys what was on its way is taken, until the new key has come") {
  for (const auto& suite : srtp_suites) {
    CAPTURE(std::string(suite.name));
    Pair p(suite.suite);
    auto next = make(some_key(suite.suite, 7), some_key(suite.suite, 2));
    std::vector<Bytes> old;
    for (unsigned n = 0; n < 4; ++n) old.push_back(protect(*p.a, rtp_packet(n)));
    CHECK(unprotect(*p.b, old[0]) == rtp_packet(0));
    REQUIRE(p.b->use_keys(some_key(suite.suite, 2), some_key(suite.suite, 7)));
    CHECK(unprotect(*p.b, old[1]) == rtp_packet(1));
    CHECK(unprotect(*p.b, old[0]).empty());  // a replay stays one
    CHECK(unprotect(*p.b, old[2]) == rtp_packet(2));
    CHECK(unprotect(*p.b, protect(*next, rtp_packet(4))) == rtp_packet(4));
    CHECK(unprotect(*p.b, old[3]).empty());
    CHECK(unprotect(*p.b, protect(*next, rtp_packet(5))) == rtp_packet(5));
  }
}

TEST_CASE("srtp: the old key is good for 100 packets at most") {
  Pair p(SrtpSuite::aead_aes_128_gcm);
  REQUIRE(p.b->use_keys(some_key(SrtpSuite::aead_aes_128_gcm, 2),
                        some_key(SrtpSuite::aead_aes_128_gcm, 7)));
  int taken = 0;
  for (unsigned n = 0; n < 300; ++n)
    taken += !unprotect(*p.b, protect(*p.a, rtp_packet(n))).empty();
  CHECK(taken > 90);
  CHECK(taken <= 100);
}

TEST_CASE("srtp: a port moves between plain RTP and SRTP, and what was on its way is heard") {
  const auto loop = SimLoop::make();
  constexpr Address here{0x0a000001, 20000}, there{0x0a000002, 4000};
  auto [ours, theirs] = make_wire(loop, here, there, 50ms);
  const auto suite = SrtpSuite::aes_cm_128_80;
  auto a = make_secure_port(ours, {}), b = make_secure_port(theirs, {});
  std::vector<Bytes> at_a;
  Gate gate(*loop);
  a->receive([&](auto bytes, const Address&) { at_a.emplace_back(bytes.begin(), bytes.end()); });
  unsigned sent = 0;
  // `a` changes at once, `b` two packets later; the way takes 50 ms.
  const auto move = [&](std::shared_ptr<Srtp> near, std::shared_ptr<Srtp> far) {
    a->use(std::move(near));
    for (int n = 0; n < 200; ++n) {
      if (n == 2) b->use(far);
      CHECK(b->send(rtp_packet(sent++), here));
      loop->pump_to(loop->now() + 20ms);
    }
    loop->pump_to(loop->now() + 50ms);
    REQUIRE(at_a.size() == sent);
    CHECK(at_a.back() == rtp_packet(sent - 1));
  };
  move({}, {});
  CHECK_FALSE(a->secure());
  std::shared_ptr<Srtp> near = make(some_key(suite, 1), some_key(suite, 2));
  std::shared_ptr<Srtp> far = make(some_key(suite, 2), some_key(suite, 1));
  move(near, far);
  CHECK(a->secure());
  CHECK(a->undecryptable() == 0);
  theirs->send(rtp_packet(sent), here);  // plain: that is over
  loop->pump_to(loop->now() + 50ms);
  CHECK(at_a.size() == sent);
  CHECK(a->undecryptable() == 1);
  move({}, {});
  CHECK_FALSE(a->secure());
  near = make(some_key(suite, 3), some_key(suite, 4));
  far = make(some_key(suite, 4), some_key(suite, 3));
  move(near, far);
  CHECK(a->undecryptable() == 1);
}

TEST_CASE("srtp: who began with SRTP takes no plain packet, not even the first") {
  const auto loop = SimLoop::make();
  constexpr Address here{0x0a000001, 20000}, there{0x0a000002, 4000};
  auto [ours, theirs] = make_wire(loop, here, there);
  const auto suite = SrtpSuite::aes_cm_128_80;
  const auto a = make_secure_port(ours, make(some_key(suite, 1), some_key(suite, 2)));
  int heard = 0;
  Gate gate(*loop);
  a->receive([&](auto, const Address&) { ++heard; });
  theirs->send(rtp_packet(1), here);
  loop->pump_to(10ms);
  CHECK(heard == 0);
}
