#include "plugins/rtp/dtmf.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>

using namespace parley;
using rtp::DtmfReceiver;
using Presses = std::vector<KeyPress>;

namespace {

struct Row {
  int at_ms;
  std::uint32_t timestamp;
  int event;
  bool end;
  int duration;
};

// Plays packets with the clock going on in steps of 10 ms, as the owner's timer would.
Presses play(const std::vector<Row>& rows) {
  DtmfReceiver receiver;
  Presses all;
  int at = 0;
  const auto run_to = [&](int ms) {
    for (; at <= ms; at += 10)
      if (const auto press = receiver.tick(Nanos(1ms) * at)) all.push_back(*press);
  };
  for (const auto& r : rows) {
    run_to(r.at_ms);
    const std::array<std::uint8_t, 4> payload = {
        std::uint8_t(r.event), std::uint8_t((r.end ? 0x80 : 0) | 10), std::uint8_t(r.duration >> 8),
        std::uint8_t(r.duration)};
    for (const auto& p : receiver.packet(r.timestamp, payload, Nanos(1ms) * r.at_ms))
      all.push_back(p);
  }
  run_to(at + 1000);
  CHECK_FALSE(receiver.deadline());
  return all;
}

}  // namespace

TEST_CASE("dtmf: one press is one event, however its packets come") {
  struct Case {
    const char* what;
    std::vector<Row> rows;
    Presses expected;
  };
  const Case cases[] = {
      {"as the RFC has it: three end packets",
       {{0, 1000, 5, false, 160},
        {50, 1000, 5, false, 560},
        {100, 1000, 5, true, 800},
        {100, 1000, 5, true, 800},
        {100, 1000, 5, true, 800}},
       {{'5', 100}}},
      {"all ends lost", {{0, 1000, 11, false, 160}, {50, 1000, 11, false, 560}}, {{'#', 70}}},
      {"only one end packet arrived", {{0, 1000, 0, true, 1600}}, {{'0', 200}}},
      {"two packets lost in the middle",
       {{0, 1000, 1, false, 160}, {150, 1000, 1, true, 1200}},
       {{'1', 20}}},  // it had ended by then; what comes later is the same press
      {"packets overtake each other",
       {{0, 1000, 2, true, 800}, {5, 1000, 2, false, 400}},
       {{'2', 100}}},
      {"the same key twice",
       {{0, 1000, 7, true, 800}, {200, 2600, 7, true, 400}},
       {{'7', 100}, {'7', 50}}},
      {"the next key before the end of the first",
       {{0, 1000, 3, false, 400}, {60, 1480, 4, true, 800}},
       {{'3', 50}, {'4', 100}}},
      {"a late packet of the key before",
       {{0, 1000, 3, true, 400}, {60, 1480, 4, false, 160}, {61, 1000, 3, true, 400}},
       {{'3', 50}, {'4', 20}}},
      {"the timestamp wraps",
       {{0, 0xffffff00, 12, true, 400}, {90, 0x00000100, 15, true, 400}},
       {{'A', 50}, {'D', 50}}},
      {"flash is no key", {{0, 1000, 16, true, 800}}, {}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    CHECK(play(c.rows) == c.expected);
  }
}

TEST_CASE("dtmf: a press ends a moment after its packets stop, not before") {
  DtmfReceiver receiver;
  const std::array<std::uint8_t, 4> payload = {9, 10, 0, 160};
  CHECK(receiver.packet(1, payload, 1s).empty());
  CHECK(receiver.deadline() == 1s + DtmfReceiver::silence_ends);
  CHECK_FALSE(receiver.tick(1s + DtmfReceiver::silence_ends - 1ms));
  CHECK(receiver.tick(1s + DtmfReceiver::silence_ends) == KeyPress{'9', 20});
}

TEST_CASE("dtmf: in a new stream timestamps say nothing about the presses before") {
  DtmfReceiver receiver;
  const std::array<std::uint8_t, 4> on = {9, 10, 0, 160}, end = {9, 0x8a, 1, 64};
  CHECK(receiver.packet(5000, on, 0ms).empty());
  CHECK(receiver.restart() == KeyPress{'9', 20});  // its end was in the old one
  CHECK_FALSE(receiver.restart());
  CHECK(receiver.packet(4000, end, 10ms) == Presses{{'9', 40}});
  CHECK_FALSE(receiver.restart());
  CHECK(receiver.packet(4000, end, 20ms) == Presses{{'9', 40}});
}

TEST_CASE("dtmf: short and random payloads do no harm") {
  DtmfReceiver receiver;
  const std::array<std::uint8_t, 3> shorter = {1, 0x80, 0};
  CHECK(receiver.packet(1, shorter, 0ms).empty());
  CHECK(receiver.malformed() == 1);
  std::mt19937 random(2);
  for (int i = 0; i < 10'000; ++i) {
    std::vector<std::uint8_t> garbage(random() % 8);
    for (auto& b : garbage) b = std::uint8_t(random());
    for (const auto& p : receiver.packet(std::uint32_t(random()), garbage, Nanos(1ms) * i))
      REQUIRE(std::string_view("0123456789*#ABCD").find(p.digit) != std::string_view::npos);
  }
}

TEST_CASE("key gate: a press that comes by two ways is one, presses by one way are as many") {
  using rtp::KeyGate;
  constexpr auto a = KeyGate::Way::rtp, b = KeyGate::Way::elsewhere;
  struct Press {
    char digit;
    KeyGate::Way way;
    Nanos at;
    bool admitted;
  };
  const std::vector<Press> rows[] = {
      {{'1', a, 0ms, true}, {'1', b, 50ms, false}, {'1', a, 300ms, true}, {'1', b, 340ms, false}},
      {{'1', b, 0ms, true}, {'1', b, 200ms, true}, {'1', a, 210ms, false}, {'1', a, 400ms, false}},
      {{'1', a, 0ms, true}, {'1', a, 200ms, true}, {'1', a, 400ms, true}},
      {{'1', a, 0ms, true}, {'2', b, 10ms, true}},
      {{'1', a, 0ms, true}, {'1', b, 1100ms, true}}};
  for (const auto& row : rows) {
    KeyGate gate;
    for (const auto& p : row) CHECK(gate.admits(p.digit, p.way, p.at) == p.admitted);
  }
}
