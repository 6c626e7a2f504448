#include "plugins/turn/turn_machine.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>

#include "plugins/agent/slots.hpp"

using namespace parley;
using namespace parley::turn;

namespace {

// Outputs as one line of text.
std::string show(const Outputs& outputs) {
  std::string text;
  const auto add = [&](const std::string& s) { text += (text.empty() ? "" : "; ") + s; };
  for (const auto& o : outputs) {
    if (std::get_if<out::Begin>(&o)) add("begin");
    if (const auto* a = std::get_if<out::Answer>(&o))
      add("answer '" + a->text + "'" + (a->rejected ? " rejected" : "") +
          (a->before.empty() ? "" : " after '" + a->before + "'"));
    if (std::get_if<out::Cancel>(&o)) add("cancel");
    if (std::get_if<out::Stalled>(&o)) add("stalled");
    if (std::get_if<out::ToolLate>(&o)) add("tool late");
    if (const auto* k = std::get_if<out::KeyPressed>(&o)) add(std::string("key ") + k->digit);
    if (std::get_if<out::KeysEnd>(&o)) add("keys end");
    if (const auto* s = std::get_if<out::Speak>(&o))
      add("speak " + std::to_string(s->utterance) + " '" + s->text + "'" + (s->last ? "." : ""));
    if (const auto* c = std::get_if<out::Cut>(&o))
      add("cut " + std::to_string(c->utterance) + " by " + c->by);
    if (std::get_if<out::Duck>(&o)) add("duck");
    if (std::get_if<out::Unduck>(&o)) add("unduck");
    if (std::get_if<out::EndSpeech>(&o)) add("end speech");
    if (const auto* t = std::get_if<out::TurnStarted>(&o))
      add("turn " + std::to_string(t->turn) + " '" + t->text + "'");
    if (const auto* t = std::get_if<out::TurnEnded>(&o))
      add("turn " + std::to_string(t->turn) + " over");
    if (const auto* s = std::get_if<out::Speaking>(&o))
      add("speaking " + std::to_string(s->utterance) + " after " + std::to_string(s->response_ms));
    if (const auto* s = std::get_if<out::Said>(&o)) add("said " + std::to_string(s->utterance));
    if (const auto* h = std::get_if<out::HangUp>(&o)) add("hang up " + h->reason);
    if (std::get_if<out::Ended>(&o)) add("ended");
  }
  return text;
}

// A machine, its time, and a mind that needs digits to be five.
struct Talk {
  TurnMachine machine{TurnNumbers{}, Sentences{}, {}, [](const std::string& text) {
                        const auto digits = digits_in(text);
                        return !is_hesitation(text) && (digits.empty() || digits.size() >= 5);
                      }};
  Nanos now{0};

  std::string on(const Input& input) { return show(machine.on(input, now)); }
  // Moves time on; what the deadlines on the way bring.
  std::string wait(Nanos time) {
    std::string all;
    const auto end = now + time;
    while (machine.deadline() && *machine.deadline() <= end) {
      now = std::max(now, *machine.deadline());
      const auto text = on(in::Tick{});
      if (!text.empty()) all += (all.empty() ? "" : "; ") + text;
    }
    now = end;
    return all;
  }
  std::string begin() {  // the greeting has been said
    on(in::Start{});
    on(in::Sentence{"Hello, who is calling?", true});
    on(in::Done{});
    on(in::Spoken{1, in::Phase::started, now, 1});
    return on(in::Spoken{1, in::Phase::finished, now, 100});
  }
  std::string caller(const std::string& text, bool rejected = false) {
    std::string all = on(in::SpeechStarted{});
    now += 800ms;
    all += on(in::SpeechStopped{now - 500ms, 300ms});
    return all + on(in::Final{text, 0.9, rejected});
  }
  std::string say(std::uint64_t utterance,
                  const std::string& text) {  // the mind's whole answer, playing
    on(in::Sentence{text, true});
    on(in::Done{});
    return on(in::Spoken{utterance, in::Phase::started, now, 1});
  }
};

}  // namespace

TEST_CASE(
    "turn: the greeting, a turn, its answer; the response time is from the last voiced sample to "
    "the first sent") {
  Talk t;
  CHECK(t.on(in::Start{}) == "begin");
  CHECK(t.on(in::Sentence{"Hello.", true}) == "speak 1 'Hello.'.");
  CHECK(t.on(in::Done{}).empty());
  CHECK(t.on(in::Spoken{1, in::Phase::started, t.now, 1}) == "speaking 1 after -1");
  CHECK(t.on(in::Spoken{1, in::Phase::finished, t.now, 9}) == "said 1");
  CHECK(t.caller("a refund") == "turn 1 'a refund'; answer 'a refund'");
  CHECK(t.on(in::Sentence{"I see.", false}) == "speak 2 'I see.'");
  t.now += 40ms;
  CHECK(t.on(in::Spoken{2, in::Phase::started, t.now, 1}) == "speaking 2 after 540");
  CHECK(t.on(in::Sentence{"Go on.", true}) == "speak 2 'Go on.'.");
  CHECK(t.on(in::Done{}).empty());
  CHECK(t.on(in::Spoken{2, in::Phase::finished, t.now, 9}) == "said 2; turn 1 over");
  CHECK(t.machine.state() == State::listening);
}

TEST_CASE("turn: speech that was rejected goes to the mind; a short noise does not") {
  Talk t;
  t.begin();
  CHECK(t.caller("", true) == "turn 1 ''; answer '' rejected");
  Talk noise;
  noise.begin();
  noise.on(in::SpeechStarted{});
  CHECK(noise.on(in::SpeechStopped{noise.now, 100ms}).empty());
  CHECK(noise.on(in::Final{"", 0, true}).empty());
}

TEST_CASE("turn: part of an answer is joined with what follows; after a pause it counts as it is") {
  Talk t;
  t.begin();
  CHECK(t.caller("five five five").empty());
  t.wait(1s);
  CHECK(t.caller("one two") == "turn 1 'five five five one two'; answer 'five five five one two'");
  Talk pause;
  pause.begin();
  CHECK(pause.caller("five five").empty());
  CHECK(pause.wait(2s) == "turn 1 'five five'; answer 'five five'");
  Talk thinks;
  thinks.begin();
  CHECK(thinks.caller("um let me see").empty());
  CHECK(thinks.wait(5s).empty());
  CHECK(thinks.caller("a refund") == "turn 1 'a refund'; answer 'a refund'");
}

TEST_CASE("turn: on hold nobody is prompted, and the wait goes on where it was") {
  Talk t;
  t.begin();
  Talk same;
  same.begin();
  t.now += 2s;
  t.on(in::Hold{true});
  CHECK(t.wait(120s).empty());
  t.on(in::Hold{false});
  const auto prompted = t.wait(20s), usual = same.wait(22s);
  CHECK_FALSE(usual.empty());
  CHECK(prompted == usual);
}

TEST_CASE("turn: a hold is no part of the response time of what waited for it") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.on(in::Sentence{"I see.", true});
  t.now += 40ms;
  t.on(in::Hold{true});
  t.now += 60s;
  t.on(in::Hold{false});
  CHECK(t.on(in::Spoken{2, in::Phase::started, t.now, 1}) == "speaking 2 after 540");
}

TEST_CASE("turn: the longest time of a call is over on hold too") {
  Talk t;
  t.begin();
  t.on(in::Hold{true});
  CHECK(t.wait(std::chrono::hours(24)).find("hang up max_duration") != std::string::npos);
}

TEST_CASE("barge-in: speech ducks; words cut; the answer is the next turn") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.say(2, "Refunds take long, and you have to fill in a form.");
  CHECK(t.on(in::SpeechStarted{}) == "duck");
  t.now += 300ms;
  CHECK(t.on(in::Partial{"no wait"}) == "unduck; cut 2 by speech; turn 1 over");
  CHECK(t.on(in::Heard{2, "Refunds take"}).empty());
  t.on(in::SpeechStopped{t.now, 800ms});
  CHECK(t.on(in::Final{"no wait a minute"}) ==
        "turn 2 'no wait a minute'; answer 'no wait a minute'");
}

TEST_CASE("barge-in: speech for long enough cuts without words; if it was none, the rest is said") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.say(2, "Refunds take long, and you have to fill in a form.");
  t.on(in::SpeechStarted{});
  CHECK(t.wait(600ms) == "unduck; cut 2 by speech; turn 1 over");
  t.on(in::Heard{2, "Refunds take long"});
  t.on(in::SpeechStopped{t.now, 600ms});
  CHECK(t.on(in::Final{"", 0, true}) == "speak 3 'and you have to fill in a form.'.");
}

TEST_CASE("barge-in: a cough or an uh-huh does not stop the agent") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.say(2, "Refunds take long.");
  CHECK(t.on(in::SpeechStarted{}) == "duck");
  t.wait(300ms);
  CHECK(t.on(in::SpeechStopped{t.now, 200ms}) == "unduck");
  CHECK(t.on(in::Final{"", 0, true}).empty());
  t.on(in::SpeechStarted{});
  t.wait(400ms);
  CHECK(t.on(in::Partial{"uh huh"}).empty());
  CHECK(t.wait(900ms).empty());
  CHECK(t.on(in::SpeechStopped{t.now, 900ms}) == "unduck");
  CHECK(t.on(in::Final{"uh huh okay"}).empty());
  t.wait(3s);
  CHECK(t.on(in::Spoken{2, in::Phase::finished, t.now, 9}) == "said 2; turn 1 over");
}

TEST_CASE("barge-in: a yes just before the question's end is its answer") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.say(2, "Is that right?");
  t.on(in::SpeechStarted{});
  t.wait(200ms);
  t.on(in::SpeechStopped{t.now, 200ms});
  t.on(in::Final{"yes"});
  t.wait(300ms);
  CHECK(t.on(in::Spoken{2, in::Phase::finished, t.now, 9}) ==
        "said 2; turn 1 over; turn 2 'yes'; answer 'yes'");
}

TEST_CASE("keys: one interrupts at once; the answer to them is a turn; a pause ends them") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.say(2, "What is your number?");
  CHECK(t.on(in::Key{'5'}) == "cut 2 by dtmf; turn 1 over; key 5");
  CHECK(t.on(in::Key{'6'}) == "key 6");
  CHECK(t.wait(3s) == "keys end");
  CHECK(t.on(in::Sentence{"5 6, right?", true}) == "turn 2 '56'; speak 3 '5 6, right?'.");
}

TEST_CASE("silence: asks twice, says goodbye, hangs up when that has been heard") {
  Talk t;
  t.begin();
  t.machine.set_question("Who is calling?");
  CHECK(t.wait(8s) == "speak 2 'Are you still there?'.");
  CHECK(t.on(in::Spoken{2, in::Phase::finished, t.now, 9}) == "said 2");
  CHECK(t.wait(8s) == "speak 3 'I can't hear you. Are you still there? Who is calling?'.");
  t.on(in::Spoken{3, in::Phase::finished, t.now, 9});
  CHECK(t.wait(8s) == "speak 4 'I can't hear you, so I will hang up now. Goodbye.'.");
  t.on(in::Spoken{4, in::Phase::started, t.now, 1});
  CHECK(t.on(in::SpeechStarted{}).empty());  // too late
  CHECK(t.on(in::Spoken{4, in::Phase::finished, t.now, 9}) == "said 4");
  CHECK(t.wait(200ms) == "hang up silence");
  CHECK(t.machine.state() == State::ended);
}

TEST_CASE("silence: noise that the detector takes for speech does not keep a call alive") {
  Talk t;
  t.begin();
  std::string all;
  for (int i = 0; i < 40 && t.machine.state() != State::ended; ++i) {
    t.on(in::SpeechStarted{});
    all += t.wait(31s);
    const auto text = t.on(in::Final{"", 0, true});
    all += text;
    if (text.find("answer") != std::string::npos)
      t.on(in::Sentence{"What?", true}), t.on(in::Done{});
    for (std::uint64_t u = 1; u < 100; ++u)
      all += t.on(in::Spoken{u, in::Phase::finished, t.now, 9});
  }
  CHECK(all.find("end speech") != std::string::npos);
  CHECK(t.machine.state() == State::ended);  // at the latest by the maximum duration
}

TEST_CASE("hang-up: the goodbye is heard first; a cap holds when nobody tells its end") {
  Talk t;
  t.begin();
  t.caller("bye");
  t.on(in::Sentence{"Goodbye.", true});
  t.on(in::HangUp{"agent_hangup"});
  t.on(in::Done{});
  CHECK(t.wait(5s).empty());
  CHECK(t.on(in::Spoken{2, in::Phase::finished, t.now, 9}) == "said 2; turn 1 over");
  CHECK(t.wait(1s) == "hang up agent_hangup");
  Talk silent;
  silent.begin();
  silent.caller("bye");
  silent.on(in::Sentence{"Goodbye.", true});
  silent.on(in::HangUp{"agent_hangup"});
  silent.on(in::Done{});
  const auto told = silent.wait(31s);
  CHECK(told.find("hang up agent_hangup") != std::string::npos);
  CHECK(told.find("cut 2") != std::string::npos);
}

TEST_CASE("maximum duration: says so and hangs up, whatever is going on") {
  Talk t;
  t.begin();
  t.now = 600s - 1ms;
  t.caller("a refund");
  const auto told = t.wait(1s);
  CHECK(told.find("our time is up") != std::string::npos);
}

TEST_CASE("a slow mind: a filler, then it is told, then the call ends politely") {
  Talk t;
  t.begin();
  t.caller("a refund");
  CHECK(t.wait(2500ms) == "speak 2 'One moment, please.'.");
  CHECK(t.on(in::Sentence{"I see.", true}).empty());  // waits for the filler's end
  CHECK(t.on(in::Spoken{2, in::Phase::finished, t.now, 9}) == "said 2; speak 3 'I see.'.");
  Talk dead;
  dead.begin();
  dead.caller("a refund");
  dead.wait(2500ms);
  dead.on(in::Spoken{2, in::Phase::finished, dead.now, 9});
  CHECK(dead.wait(12s) == "stalled");
  CHECK(dead.wait(12s) == "stalled");
  CHECK(dead.wait(12s).find("I can't help you right now") != std::string::npos);
}

TEST_CASE("tools: the wait is told as late, and what comes then is spoken") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.on(in::Waiting{true});
  CHECK(t.machine.state() == State::holding);
  t.wait(2500ms);
  t.on(in::Spoken{2, in::Phase::finished, t.now, 9});
  CHECK(t.wait(10s) == "tool late");
  t.on(in::Waiting{false});
  CHECK(t.on(in::Sentence{"It is closed.", true}) == "speak 3 'It is closed.'.");
}

TEST_CASE("words while it thinks: they go on with the turn") {
  Talk t;
  t.begin();
  t.caller("a refund");
  CHECK(t.caller("for my shoes") == "answer 'for my shoes' after 'a refund'");
}

TEST_CASE("somebody else's words: they interrupt, and the answer under way is dropped") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.on(in::Sentence{"I think", false});
  CHECK(t.on(in::Say{"This is the manager."}) ==
        "cancel; cut 2 by command; turn 1 over; speak 3 'This is the manager.'.");
}

TEST_CASE("the end of the stream: what is being said is said, then it ends; a stop cuts") {
  Talk t;
  t.begin();
  t.caller("a refund");
  t.say(2, "I see.");
  CHECK(t.on(in::End{}).empty());
  CHECK(t.on(in::Spoken{2, in::Phase::finished, t.now, 9}) == "said 2; turn 1 over");
  CHECK(t.wait(Nanos(0)) == "ended");
  Talk quiet;
  quiet.begin();
  quiet.on(in::End{});
  CHECK(quiet.wait(Nanos(0)) == "ended");
  Talk cut;
  cut.begin();
  cut.caller("a refund");
  cut.say(2, "I see.");
  CHECK(cut.on(in::Stop{}) == "cut 2 by end; turn 1 over");
  CHECK_FALSE(cut.machine.deadline());
}

TEST_CASE("words: what a listener says, and what is left of a sentence") {
  CHECK(is_backchannel("Uh-huh, okay.", {}));
  CHECK(is_backchannel("yeah got it", {}));
  CHECK_FALSE(is_backchannel("yeah but no", {}));
  CHECK_FALSE(is_backchannel("", {}));
  CHECK(is_backchannel("genau", {"genau"}));
  CHECK(rest_of("One two, three.", "One two") == "three.");
  CHECK(rest_of("One two.", "") == "One two.");
  CHECK(rest_of("One two.", "one two").empty());
}

// P3: whatever comes in whatever order, there is a deadline until the end, silence between two
// outputs is bounded, and each utterance ends once.
TEST_CASE("property: never silent for long, and every utterance ends once") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return int(random() % unsigned(n)); };
    Talk t;
    std::map<std::uint64_t, int> open;  // utterance: 1 spoken, 2 ended
    Nanos last_output{0};
    bool hung_up = false, ended = false;
    const auto feed = [&](const Input& input) {
      for (const auto& o : t.machine.on(input, t.now)) {
        last_output = t.now;
        if (const auto* s = std::get_if<out::Speak>(&o)) {
          CHECK(open[s->utterance] != 2);
          open[s->utterance] = 1;
        }
        const auto end = [&](std::uint64_t u) {
          CHECK_MESSAGE(open[u] == 1, "seed ", seed, " utterance ", u);
          open[u] = 2;
        };
        if (const auto* s = std::get_if<out::Said>(&o)) end(s->utterance);
        if (const auto* c = std::get_if<out::Cut>(&o)) end(c->utterance);
        hung_up |= std::holds_alternative<out::HangUp>(o);
        ended |= std::holds_alternative<out::Ended>(o);
      }
    };
    feed(in::Start{});
    for (int i = 0; i < 200 && !hung_up; ++i) {
      const std::uint64_t u = open.empty() ? 1 : open.rbegin()->first;
      switch (pick(17)) {
        case 0:
          feed(in::SpeechStarted{});
          break;
        case 1:
          feed(in::SpeechStopped{t.now, Nanos(1ms) * pick(900)});
          break;
        case 2:
          feed(in::Partial{pick(2) ? "yeah" : "my order"});
          break;
        case 3:
          feed(in::Final{pick(3) ? "my order" : "", 0.5, pick(2) == 0});
          break;
        case 4:
          feed(in::Final{pick(2) ? "five" : "yes"});
          break;
        case 5:
          feed(in::Key{'5'});
          break;
        case 6:
          if (!pick(4)) feed(in::Say{"hello"});
          break;
        case 7:
          feed(in::Sentence{pick(4) ? "A sentence." : "", pick(2) == 0});
          break;
        case 8:
          feed(in::Sentence{"", true});
          feed(in::Done{});
          break;
        case 9:
          feed(in::Waiting{pick(2) == 0});
          break;
        case 10:
          feed(in::Done{});
          break;
        case 11:
          if (!pick(30)) feed(in::HangUp{"agent_hangup"});
          break;
        case 12:
          feed(in::Spoken{u, in::Phase::started, t.now, 1});
          break;
        case 13:
          feed(in::Spoken{u, in::Phase::finished, t.now, pick(5) ? 9 : 0});
          break;
        case 14:
          feed(in::Heard{u, "A"});
          break;
        case 15:
          if (!pick(60)) feed(in::End{});
          break;
        default:
          t.now += Nanos(1ms) * pick(700);
          feed(in::Tick{});
      }
      CHECK_MESSAGE((t.machine.deadline() || hung_up || ended), "seed ", seed, " step ", i);
    }
    // Nothing more comes but what the machine's own deadlines bring and the voice plays.
    for (int i = 0; i < 3000 && !hung_up && !ended; ++i) {
      REQUIRE_MESSAGE(t.machine.deadline(), "seed ", seed);
      t.now = std::max(t.now, *t.machine.deadline());
      CHECK_MESSAGE(t.now - last_output < 60s, "seed ", seed);
      feed(in::Tick{});
      if (!open.empty() && open.rbegin()->second == 1)
        feed(in::Spoken{open.rbegin()->first, in::Phase::finished, t.now, 9});
    }
    CHECK_MESSAGE((hung_up || ended), "seed ", seed);
    feed(in::Stop{});
    for (const auto& [u, state] : open) CHECK_MESSAGE(state == 2, "seed ", seed, " utterance ", u);
  }
}
