#include "plugins/testkit/player.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace parley;
using namespace parley::caller;

namespace {

Sound tone(int ms) {
  Sound sound(std::size_t(ms) * 8);
  for (std::size_t i = 0; i < sound.size(); ++i)
    sound[i] = std::int16_t(4000 * std::sin(double(i) * 0.6));
  return sound;
}

// A program whose spoken steps are tones of 400 ms: nothing is synthesised.
ProgramRef program(const char* text, double noise_rms = 0) {
  const auto script = parse_script(text);
  REQUIRE_MESSAGE(bool(script), (script ? "" : script.error()));
  auto made = std::make_shared<Program>();
  made->steps = script->steps;
  made->noise_rms = noise_rms;
  for (const auto& step : made->steps) {
    made->sounds.push_back(step.what == Do::say || step.what == Do::interrupt ? tone(400)
                                                                              : Sound{});
  }
  return made;
}

// Plays tick by tick beside an agent that speaks in the given spans.
struct Line {
  Player player;
  std::vector<Segment> agent;
  Nanos now{0};
  std::vector<Frame> frames{};

  void run(Nanos until) {
    for (; now < until && player.state() == State::playing; now += tick_length) {
      const bool talks = std::any_of(agent.begin(), agent.end(), [&](const Segment& s) {
        return s.start <= now && now < s.end;
      });
      player.heard(now, talks ? tone(20) : Sound(tick_samples));
      frames.push_back(player.tick(now));
    }
  }
};

}  // namespace

TEST_CASE("ear: sixty milliseconds make speech, a short pause belongs to it, a long one ends it") {
  Ear ear;
  const auto hear = [&](int from_ms, int to_ms, bool voiced) {
    for (int ms = from_ms; ms < to_ms; ms += 20) ear.hear(ms * 1ms, voiced ? tone(20) : Sound(160));
  };
  hear(0, 40, true);  // a click
  hear(40, 400, false);
  CHECK(ear.segments().empty());
  hear(400, 1000, true);
  hear(1000, 1280, false);
  hear(1280, 1500, true);
  CHECK(ear.talking(1500ms));
  hear(1500, 2500, false);
  CHECK_FALSE(ear.talking(1900ms));
  hear(2500, 2700, true);
  REQUIRE(ear.segments().size() == 2);
  CHECK(ear.segments()[0] == Segment{400ms, 1480ms});
  CHECK(ear.segments()[1] == Segment{2500ms, 2680ms});
  CHECK(ear.last_voiced() == 2680ms);
  CHECK(ear.voiced() == 1060ms);
}

TEST_CASE("player: it waits for the agent to finish, speaks, waits for the answer and hangs up") {
  Line line{Player(program("wait agent to finish\nsay hello\nwait agent to finish\nhangup"), 0ms),
            {{200ms, 1000ms}, {2600ms, 3000ms}}};
  line.run(20s);
  CHECK(line.player.state() == State::completed);
  CHECK(line.player.reason() == "the script hung up");
  CHECK(line.player.agent().segments() == std::vector<Segment>{{200ms, 980ms}, {2600ms, 2980ms}});
  REQUIRE(line.player.own().segments().size() == 1);
  CHECK(line.player.own().segments()[0] == Segment{1680ms, 2060ms});  // 700 ms after 980
  CHECK(line.now == 3700ms);
}

TEST_CASE(
    "player: an interruption begins so long into the agent's speech, and the stop is checked") {
  const auto text = "interrupt after 500 ms stop\nexpect agent to stop within 300 ms\nhangup";
  Line quick{Player(program(text), 0ms), {{200ms, 900ms}}};
  quick.run(20s);
  CHECK(quick.player.state() == State::completed);
  CHECK(quick.player.own().segments().at(0).start == 700ms);

  Line deaf{Player(program(text), 0ms), {{200ms, 5000ms}}};
  deaf.run(20s);
  CHECK(deaf.player.state() == State::failed);
  CHECK(deaf.player.reason().find("line 2: the agent still spoke 400 ms") == 0);

  Line silent{Player(program(text), 0ms), {}};
  silent.run(60s);
  CHECK(silent.player.state() == State::failed);
  CHECK(silent.player.reason() == "line 1: the agent did not speak for 500 ms on end");
}

TEST_CASE("player: after an interruption the agent's last moment is no answer") {
  Line line{Player(program("interrupt after 200 ms stop\nwait agent to finish\nhangup"), 0ms),
            {{0ms, 900ms}, {2500ms, 3000ms}}};
  line.run(20s);
  CHECK(line.player.state() == State::completed);
  CHECK(line.now > 3000ms);
}

TEST_CASE("player: every wait has a deadline and says what did not happen") {
  struct Case {
    const char* script;
    const char* reason;
  };
  const Case cases[] = {
      {"pause 100\nwait agent to speak within 2 s",
       "line 2: the agent did not speak within 2000 ms"},
      {"wait agent to finish", "line 1: the agent did not speak within 20000 ms"},
      {"wait hangup within 1 s", "line 1: the other side did not hang up within 1000 ms"},
      {"say hi\nexpect answer within 500 ms", "line 2: no answer came within 500 ms"},
      {"expect agent to have spoken 1 times", "line 1: the agent has spoken 0 times, not 1"},
  };
  for (const auto& c : cases) {
    Line line{Player(program(c.script), 0ms), {}};
    line.run(60s);
    CHECK(line.player.state() == State::failed);
    CHECK(line.player.reason() == c.reason);
  }
  Line endless{Player(program("wait silence 500 within 3 s"), 0ms), {{0ms, 9s}}};
  endless.run(60s);
  CHECK(endless.player.reason() == "line 1: the agent was not silent for 500 ms within 3000 ms");
}

TEST_CASE("player: an answer is measured from the caller's last sound to the agent's first") {
  const auto text = "say hi\nexpect answer within 600 ms\nhangup";  // the tone's last frame: 380 ms
  Line good{Player(program(text), 0ms), {{980ms, 1500ms}}};
  good.run(5s);
  CHECK(good.player.state() == State::completed);
  Line slow{Player(program(text), 0ms), {{1000ms, 1500ms}}};
  slow.run(5s);
  CHECK(slow.player.reason() == "line 2: the answer came after 620 ms, not within 600 ms");
}

TEST_CASE("player: a key is a marker, rising durations and three equal ends") {
  Line line{Player(program("press 5#\nhangup"), 0ms), {}};
  line.run(5s);
  CHECK(line.player.state() == State::completed);
  std::vector<KeyPacket> keys;
  for (const auto& frame : line.frames) {
    if (frame.key) keys.push_back(*frame.key);
  }
  REQUIRE(keys.size() == 16);
  for (std::size_t i = 0; i < 16; ++i) {
    const auto n = i % 8;
    CHECK(keys[i].event == (i < 8 ? 5 : 11));
    CHECK(keys[i].first == (n == 0));
    CHECK(keys[i].end == (n >= 5));
    CHECK(keys[i].duration == 160 * std::min<std::size_t>(n + 1, 5));
  }
  CHECK(line.frames.size() == 21);  // two keys of 200 ms, then the end
}

TEST_CASE("player: the other side may hang up where the script expects it and nowhere else") {
  Player expected(program("pause 40\nwait hangup\nhangup"), 0ms);
  for (Nanos now{0}; now < 200ms; now += tick_length) expected.tick(now);
  expected.far_end_gone(200ms);
  CHECK(expected.state() == State::completed);

  Line goodbye{Player(program("wait agent to finish\nwait hangup"), 0ms), {{100ms, 600ms}}};
  goodbye.run(800ms);
  goodbye.player.far_end_gone(800ms);  // before its silence was long enough to be noticed
  CHECK(goodbye.player.state() == State::completed);

  Player surprised(program("wait agent to finish\nsay hello"), 0ms);
  surprised.tick(0ms);
  surprised.far_end_gone(20ms);
  CHECK(surprised.state() == State::failed);
  CHECK(surprised.reason() ==
        "line 1: the other side ended the call during 'wait agent to finish'");
}

TEST_CASE(
    "player: line noise is always there, under speech and silence, and never counts as speech") {
  const auto noisy = program("pause 200\nsay hi\npause 200\nhangup", 100);
  Line line{Player(noisy, 0ms), {}};
  line.run(5s);
  for (const auto& frame : line.frames) {
    if (&frame != &line.frames.back()) CHECK(rms(frame.audio) > 70);
  }
  REQUIRE(line.player.own().segments().size() == 1);
  CHECK(line.player.own().segments()[0] == Segment{200ms, 580ms});
  Line again{Player(noisy, 0ms), {}};
  again.run(5s);
  CHECK(again.frames.at(3).audio == line.frames.at(3).audio);
}
