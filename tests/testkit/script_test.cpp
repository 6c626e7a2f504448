#include "plugins/testkit/script.hpp"

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::caller;

namespace {

std::string error_of(const char* text) {
  const auto script = parse_script(text);
  return script ? "" : script.error();
}

}  // namespace

TEST_CASE("script: every kind of step is read, with voices, times and comments") {
  const auto script = parse_script(R"(# a caller
noise 20 dB
voice slt
wait agent to finish
say my name is alice
say [voice=espeak:en-us+f3] I would like an appointment
gap 900 ms
wait agent to finish within 30 s
interrupt after 700 ms stop
expect agent to stop within 600 ms
press 555-0142#
play hello.wav
pause 1.5 s
wait agent to speak
wait silence 800
expect answer within 1500ms
expect agent to have spoken 3 times
wait hangup
hangup
)");
  REQUIRE_MESSAGE(bool(script), error_of("say"));
  CHECK(script->noise_db == 20);
  const auto& steps = script->steps;
  REQUIRE(steps.size() == 15);
  CHECK(steps[0] == Step{.what = Do::wait_finish, .line = 4, .voice = "slt"});
  CHECK(steps[1] == Step{.what = Do::say, .line = 5, .text = "my name is alice", .voice = "slt"});
  CHECK(steps[2].voice == "espeak:en-us+f3");
  CHECK(steps[2].text == "I would like an appointment");
  CHECK(steps[3].timeout == 30s);
  CHECK(steps[3].gap == 900ms);
  CHECK(steps[4].what == Do::interrupt);
  CHECK(steps[4].time == 700ms);
  CHECK(steps[4].text == "stop");
  CHECK(steps[5].time == 600ms);
  CHECK(steps[6].text == "5550142#");
  CHECK(steps[7].text == "hello.wav");
  CHECK(steps[8].time == 1500ms);
  CHECK(steps[9].what == Do::wait_speak);
  CHECK(steps[10].what == Do::wait_silence);
  CHECK(steps[10].time == 800ms);
  CHECK(steps[11].what == Do::expect_answer);
  CHECK(steps[12].count == 3);
  CHECK(steps[13].what == Do::wait_hangup);
  CHECK(steps[14].what == Do::hangup);
}

TEST_CASE("script: a wrong line is named by its number, and all of them at once") {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"", "no step"},
      {"# only a comment\n", "no step"},
      {"shout hello", "line 1: unknown step 'shout'"},
      {"say", "line 1: the text is missing"},
      {"say [speed=2] hello", "line 1: in brackets"},
      {"say [voice=slt hello", "line 1: in brackets"},
      {"press 12x", "line 1: 'x' is no key"},
      {"press", "line 1: 1 to 64 keys"},
      {"pause", "line 1: a time"},
      {"pause -5", "line 1: a time"},
      {"pause 5 h", "line 1: 'h' is too much"},
      {"pause 5h", "line 1: a time"},
      {"pause 11000 s", "line 1: a time of at most 10 minutes"},
      {"wait for it", "line 1: wait for 'agent to speak'"},
      {"wait agent to finish soon", "line 1: 'soon' is too much"},
      {"interrupt 700 ms stop", "line 1: write 'interrupt after"},
      {"expect agent to stop within 600 ms", "line 1: nothing has been interrupted"},
      {"expect agent to have spoken 0 times", "line 1: write 'expect agent"},
      {"noise 99", "line 1: write how far"},
      {"hangup now", "line 1: 'now' is too much"},
      {"say hi\nshout\nsay hi\npress x", "line 2: unknown step"},
      {"say hi\nshout\nsay hi\npress x", "; line 4: 'x' is no key"},
  };
  for (const auto& c : cases) {
    const std::string text = c.text;
    CAPTURE(text);
    CHECK(error_of(c.text).find(c.error) != std::string::npos);
  }
  CHECK(error_of(("say " + std::string(1001, 'a')).c_str()).find("longer than 1000") !=
        std::string::npos);
}
