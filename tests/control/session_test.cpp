#include "engine/control/session.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley::control;

namespace {

Session::Text text(std::string s) { return std::make_shared<const std::string>(std::move(s)); }

using Texts = std::vector<std::string>;

Texts drain(Session& session) {
  Texts out;
  while (const auto next = session.next()) out.push_back(**next);
  return out;
}

}  // namespace

TEST_CASE("session: a console wants the calls it subscribed to, or all and the process") {
  Session session({});
  CHECK_FALSE(session.wants("a"));
  REQUIRE(session.subscribe("a"));
  CHECK(session.wants("a"));
  CHECK_FALSE(session.wants("b"));
  CHECK_FALSE(session.wants(""));
  REQUIRE(session.subscribe(""));
  CHECK(session.wants("b"));
  CHECK(session.wants(""));
  REQUIRE(session.unsubscribe("a"));
  CHECK_FALSE(session.unsubscribe("a"));
  REQUIRE(session.unsubscribe(""));
  CHECK_FALSE(session.wants("b"));
}

TEST_CASE("session: subscriptions one by one have a bound") {
  Session session({.calls = 2});
  REQUIRE(session.subscribe("a"));
  REQUIRE(session.subscribe("b"));
  REQUIRE(session.subscribe("b"));
  CHECK_FALSE(session.subscribe("c"));
  CHECK(session.subscribe(""));
}

TEST_CASE("session: messages leave in the order they came") {
  Session session({});
  REQUIRE(session.subscribe(""));
  REQUIRE(session.answer(text("ack")));
  session.state(text("state"));
  session.event(text("1"));
  session.event(text("2"));
  CHECK(drain(session) == Texts{"ack", "state", "1", "2"});
  CHECK(session.idle());
}

TEST_CASE("session: a full queue loses its events, keeps the answers, is made good when read") {
  Session session({.events = 3});
  REQUIRE(session.subscribe(""));
  session.state(text("old state"));
  for (const char* e : {"1", "2", "3"}) session.event(text(e));
  REQUIRE(session.answer(text("ack")));
  CHECK_FALSE(session.behind());
  session.event(text("4"));  // one too many
  session.event(text("5"));
  CHECK_FALSE(session.behind());  // the answer is still to be read
  CHECK(drain(session) == Texts{"ack"});
  CHECK_FALSE(session.idle());
  CHECK(session.behind() == 5);
  session.resync(text("resync"), text("state"));
  session.event(text("6"));
  CHECK(drain(session) == Texts{"resync", "state", "6"});
  CHECK(session.idle());
  CHECK(session.resyncs() == 1);
}

TEST_CASE("session: the queue's bound in bytes counts events only") {
  Session session({.bytes = 10});
  REQUIRE(session.subscribe(""));
  session.state(text(std::string(1000, 's')));
  session.event(text("12345"));
  session.event(text("67890"));
  CHECK(drain(session).size() == 3);
  session.event(text("12345678901"));
  CHECK(session.behind() == 1);
}

TEST_CASE("session: only the newest unsent state is sent, and a resync keeps its notice") {
  Session session({});
  REQUIRE(session.subscribe(""));
  session.state(text("old"));
  session.state(text("new"));
  CHECK(drain(session) == Texts{"new"});
  session.lose(1);
  session.resync(text("resync"), text("state"));
  session.state(text("newer"));
  CHECK(drain(session) == Texts{"resync", "newer"});
}

TEST_CASE("session: falling behind again before the resync was read makes one resync of both") {
  Session session({});
  REQUIRE(session.subscribe(""));
  session.lose(3);
  session.resync(text("resync"), text("state"));
  session.event(text("1"));
  session.lose(2);
  CHECK(session.behind() == 6);
}

TEST_CASE("session: a console that never reads its answers is refused more of them") {
  Session session({.answers = 2});
  CHECK(session.answer(text("1")));
  CHECK(session.answer(text("2")));
  CHECK_FALSE(session.answer(text("3")));
  (void)session.next();
  CHECK(session.answer(text("3")));
}

TEST_CASE("session: who has subscribed to nothing has lost nothing") {
  Session session({});
  session.lose(7);
  CHECK(session.idle());
  REQUIRE(session.subscribe("a"));
  session.lose(7);
  CHECK(session.behind() == 7);
}
