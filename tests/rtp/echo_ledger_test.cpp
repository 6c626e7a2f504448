#include "plugins/rtp/echo_ledger.hpp"

#include <doctest/doctest.h>

using namespace parley;

namespace {

Heard words(std::int64_t n) {
  return {.words = n, .samples = 100 * n, .text = "text", .pending = true};
}
std::vector<Progress> progress(Phase phase) { return {{.phase = phase, .utterance = 1}}; }

}  // namespace

TEST_CASE("echo ledger: a mark is made when a word has left or something is to be told") {
  EchoLedger ledger;
  CHECK(ledger.left(0, {}, {}, 0ms) == 0);
  CHECK(ledger.left(1, words(0), progress(Phase::started), 0ms) == 1);
  CHECK(ledger.left(1, words(0), {}, 20ms) == 0);
  CHECK(ledger.left(1, words(1), {}, 40ms) == 2);
  CHECK(ledger.left(2, words(1), {}, 60ms) == 3);
}

TEST_CASE("echo ledger: an echo confirms everything up to it, once and in order") {
  EchoLedger ledger;
  ledger.left(1, words(0), progress(Phase::started), 0ms);
  ledger.left(1, words(1), {}, 20ms);
  ledger.left(1, words(2), progress(Phase::finished), 40ms);
  CHECK(ledger.heard(1, words(2)).words == 0);
  const auto told = ledger.played(2);
  REQUIRE(told.size() == 1);
  CHECK(told.front().phase == Phase::started);
  CHECK(ledger.heard(1, words(2)).words == 1);
  CHECK(ledger.played(2).empty());
  CHECK(ledger.played(3).size() == 1);
  CHECK(ledger.heard(1, {.words = 2, .pending = false}).words == 2);
  CHECK_FALSE(ledger.heard(1, {.words = 2, .pending = false}).pending);
  CHECK(ledger.played(99).empty());
}

TEST_CASE("echo ledger: after a cut the echoes of what was pending count for nothing") {
  EchoLedger ledger;
  ledger.left(1, words(1), progress(Phase::started), 0ms);
  ledger.played(1);
  ledger.left(1, words(2), progress(Phase::finished), 20ms);
  ledger.cut();
  CHECK_FALSE(ledger.waits());
  CHECK(ledger.played(2).empty());
  CHECK(ledger.heard(1, {}).words == 1);
  CHECK(ledger.left(2, words(0), progress(Phase::started), 40ms) == 3);
}

TEST_CASE("echo ledger: what is not echoed in time is taken as played, and counted") {
  EchoLedger ledger;
  ledger.left(1, words(1), progress(Phase::started), 0ms);
  ledger.left(1, words(2), progress(Phase::finished), 1s);
  CHECK(ledger.expire(EchoLedger::patience - 1us).empty());
  CHECK(ledger.expire(EchoLedger::patience).size() == 1);
  CHECK(ledger.heard(1, words(2)).words == 1);
  CHECK(ledger.unanswered() == 1);
  CHECK(ledger.expire(EchoLedger::patience + 1s).size() == 1);
  CHECK_FALSE(ledger.waits());
}

TEST_CASE("echo ledger: a far end that has never echoed is not waited for any more") {
  EchoLedger ledger;
  for (int i = 0; i < 3; ++i) ledger.left(1, words(i + 1), {}, 0ms);
  ledger.expire(EchoLedger::patience);
  ledger.left(2, words(1), progress(Phase::started), 3s);
  CHECK(ledger.expire(3s).size() == 1);

  EchoLedger late;  // one that did, once, is
  for (int i = 0; i < 4; ++i) late.left(1, words(i + 1), {}, 0ms);
  late.played(1);
  late.expire(EchoLedger::patience);
  late.left(2, words(1), progress(Phase::started), 3s);
  CHECK(late.expire(3s).empty());
}
