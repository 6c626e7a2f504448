#include "plugins/rtp/diagnosis.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

using namespace parley;
using rtp::CallFacts;
using rtp::Diagnosis;
using Cause = Diagnosis::Cause;
using Kind = Diagnosis::Kind;

namespace {

constexpr Address local{0x7f000001, 20000}, phone{0x0a000002, 4000}, nat{0xc0000201, 61000};

struct Row {
  const char* what;
  CallFacts facts;
  Kind kind;    // of the packets that came, when some did
  int sample;   // of the audio in them
  Cause cause;  // after 20 s
  const char* says;
};

const Row rows[] = {
    {"all is well",
     {local, phone, phone, 1000, 0, 0, false, false, 1000, true, true},
     Kind::voice,
     3000,
     Cause::none,
     ""},
    {"nothing came", {local, phone, {}, 0}, Kind::voice, 0, Cause::no_rtp, "from 10.0.0.2:4000 at"},
    {"nobody was announced", {local, {}, {}, 0, 7}, Kind::voice, 0, Cause::no_rtp, "7 datagrams"},
    {"on hold", {local, phone, {}, 0, 0, 0, false, true}, Kind::voice, 0, Cause::none, ""},
    {"from behind a NAT",
     {local, phone, nat, 1000, 0, 0, false, false, 900, true, true},
     Kind::voice,
     3000,
     Cause::none,
     ""},
    {"from behind a NAT that lets nothing in",
     {local, phone, nat, 1000, 0, 0, false, false, 900, true, false},
     Kind::voice,
     3000,
     Cause::other_address,
     "192.0.2.1:61000 although 10.0.0.2:4000"},
    {"another key",
     {local, phone, {}, 0, 0, 900, true},
     Kind::voice,
     0,
     Cause::undecryptable,
     "none of 900 packets"},
    {"another codec",
     {local, phone, phone, 1000},
     Kind::unknown,
     0,
     Cause::wrong_payload_type,
     "payload type 18"},
    {"only comfort noise",
     {local, phone, phone, 100},
     Kind::comfort_noise,
     0,
     Cause::comfort_noise_only,
     "only comfort noise"},
    {"a muted phone",
     {local, phone, phone, 1000},
     Kind::voice,
     8,
     Cause::silence_only,
     "only silence"},
    {"our packets get lost",
     {local, phone, phone, 1000, 0, 0, false, false, 900, true, false},
     Kind::voice,
     3000,
     Cause::far_end_hears_nothing,
     "nothing of our 900 packets"},
};

}  // namespace

TEST_CASE("diagnosis: one line says what is wrong, once (P20)") {
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Diagnosis d;
    const std::vector<std::int16_t> audio(160, std::int16_t(row.sample));
    std::vector<Diagnosis::Finding> found;
    for (Nanos now{0}; now <= 20s; now += 20ms) {
      if (row.facts.believed) d.packet(row.kind, 18, now);
      if (row.kind == Kind::voice && row.facts.believed) d.audio(audio);
      if (now % 1s == Nanos(0))
        if (const auto one = d.look(row.facts, now)) found.push_back(*one);
      if (now < Diagnosis::patience) CHECK(found.empty());
    }
    if (row.cause == Cause::none) {
      CHECK(found.empty());
      continue;
    }
    REQUIRE(found.size() == 1);
    CHECK(found[0].cause == row.cause);
    CHECK(found[0].detail.find(row.says) != std::string::npos);
    CHECK(std::string(to_string(found[0].cause)) != "none");
  }
}

TEST_CASE("diagnosis: who speaks late is not told to be silent") {
  Diagnosis d;
  CallFacts facts{local, phone, phone, 100};
  const std::vector<std::int16_t> quiet(160, 3), loud(160, 3000);
  for (Nanos now{0}; now < 60s; now += 20ms) {
    d.packet(Kind::voice, 0, now);
    d.audio(now > 10s && now < 11s ? loud : quiet);
    CHECK_FALSE(d.look(facts, now));
  }
}
