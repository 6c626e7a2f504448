// Stories: lines that go in, lines that come out.
#include "plugins/agent/flow.hpp"

#include <doctest/doctest.h>

#include "plugins/agent/slots.hpp"

using namespace parley;

namespace {

const std::string root = PARLEY_ROOT;

// An input is what the caller says; "~x" is heard unsurely, "!x" is rejected, "#123" are keys,
// "." the end of keys, "=x" and "=!" a tool's answer.
class Story {
 public:
  explicit Story(const Agent& agent) : flow(agent) { told = tell(flow.start()); }

  std::string operator()(const std::string& in) {
    switch (in.empty() ? ' ' : in[0]) {
      case '~':
        return told = tell(flow.heard({in.substr(1), 0.1}));
      case '!':
        return told = tell(flow.heard({in.substr(1), 0.9, true}));
      case '.':
        return told = tell(flow.keys_end());
      case '=':
        return told = tell(flow.tool_result("flow-1", in != "=!", in.substr(1)));
      case '#': {
        told.clear();
        for (const char c : in.substr(1)) told += tell(flow.key(c));
        return told;
      }
      default:
        return told = tell(flow.heard({in}));
    }
  }

  Flow flow;
  std::string told;

 private:
  static std::string tell(const flow::Actions& actions) {
    std::string text;
    const auto add = [&](const std::string& s) { text += (text.empty() ? "" : " ") + s; };
    for (const auto& a : actions) {
      if (const auto* say = std::get_if<flow::Say>(&a)) add(say->text);
      if (const auto* f = std::get_if<flow::Filled>(&a))
        add("[" + f->slot + "=" + f->value + (f->confirmed ? "!" : "") + "]");
      if (const auto* c = std::get_if<flow::CallTool>(&a))
        add("[" + c->name + (c->arguments.contains("n") ? " n=" + c->arguments.at("n") : "") + "]");
      if (const auto* e = std::get_if<flow::Escalate>(&a)) add("[escalate " + e->reason + "]");
      if (std::holds_alternative<flow::HangUp>(a)) add("[hang up]");
    }
    return text;
  }
};

Agent agent_of(const std::string& toml) {
  auto agent = parse_agent(toml, "story.toml");
  REQUIRE_MESSAGE(agent, (agent ? "" : agent.error()));
  return std::move(*agent);
}

Agent reception() {
  auto agent = load_agent(root + "/pipelines/agents/reception.toml");
  REQUIRE_MESSAGE(agent, (agent ? "" : agent.error()));
  return std::move(*agent);
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("reception: a call that goes well fills name, reason and number, and says goodbye") {
  const auto agent = reception();
  Story s(agent);
  CHECK(has(s.told, "Hello, this is the reception. What is your name"));
  CHECK(has(s("hi, Alice Johnson here"),
            "[name=Alice Johnson] Thank you, Alice Johnson. What are you calling about?"));
  CHECK(has(s("my washing machine leaks"), "[reason=my washing machine leaks] What number"));
  CHECK(s("#2025550123") == "I have 2 0 2, 5 5 5, 0 1 2 3. Is that right?");
  CHECK(s("#") == "");
  CHECK(s("yes that's right") ==
        "[number=2025550123!] Thank you, Alice Johnson. Someone will call you back soon. Goodbye. "
        "[hang up]");
  CHECK(s.flow.ended());
  CHECK(s("hello?").empty());
}

TEST_CASE("reception: a number that was read back wrongly is corrected, by voice and by keypad") {
  const auto agent = reception();
  Story s(agent);
  s("robert miller"), s("a refund");
  CHECK(s("five five five oh one two four") == "I have 5 5 5, 0 1 2 4. Is that right?");
  CHECK(has(s("no that's wrong"), "Please enter the right number"));
  CHECK(has(s("#5550123#"), "I have 5 5 5, 0 1 2 3"));
  CHECK(has(s("maybe"), "Sorry, was that a yes or a no? I have 5 5 5, 0 1 2 3"));
  CHECK(has(s("#2"), ""));  // a key at the read-back begins the right number
  CHECK(has(s("#025550199"), "I have 2 0 2, 5 5 5, 0 1 9 9"));
  CHECK(has(s("#1"), "[number=2025550199!]"));
}

TEST_CASE("reception: a name heard unsurely is read back; told no, it is spelled") {
  const auto agent = reception();
  Story s(agent);
  CHECK(s("~robert miller") == "Did you say Robert Miller?");
  CHECK(has(s("no"), "Please spell your last name"));
  CHECK(s.flow.expect().kinds[1] == "letters");
  CHECK(has(s("w a l k e r"), "[name=Jennifer Walker]"));
}

TEST_CASE("reception: a denial with the right name in it is enough") {
  const auto agent = reception();
  Story s(agent);
  s("~robert miller");
  CHECK(s("no, it's rebecca foster") == "Did you say Rebecca Foster?");
  CHECK(has(s("yes"), "[name=Rebecca Foster!]"));
}

TEST_CASE(
    "reception: speech that answers nothing is asked again, in other words, and ends with a "
    "person") {
  const auto agent = reception();
  Story s(agent);
  const auto first = s("!alice johnson"), second = s("");
  CHECK(has(first, "first and last name"));
  CHECK(has(second, "spell"));
  const auto third = s("the weather is nice");
  CHECK(third != second);
  const auto last = s("!x");
  CHECK(has(last, "call you back as soon as possible"));
  CHECK(has(last, "[escalate"));
  CHECK(has(last, "[hang up]"));
}

TEST_CASE(
    "reception: a wish for a person is heard at every closed step, and in free words only when it "
    "is all") {
  const auto agent = reception();
  for (const std::vector<std::string>& way : {std::vector<std::string>{},
                                              {"~alice johnson"},
                                              {"alice johnson", "a bill"},
                                              {"alice johnson", "a bill", "#5550123"}}) {
    Story s(agent);
    for (const auto& line : way) s(line);
    if (way.size() == 3) s(".");
    const auto told = s("no, please, I want to speak to a human now");
    CHECK(has(told, "call you back as soon as possible"));
    CHECK(has(told, "[escalate"));
  }
  Story s(agent);
  s("alice johnson");
  CHECK(has(s("the operator of your machine is rude"), "[reason="));
  Story t(agent);
  t("alice johnson");
  CHECK(has(t("Speak to a human."), "[escalate"));
}

TEST_CASE("reception: what was heard too unsurely is no command and no number") {
  const auto agent = reception();
  Story s(agent);
  CHECK(has(s("~i want to speak to a human"), "Sorry"));
  s("alice johnson"), s("a refund");
  CHECK(has(s("~five five five oh one two three"), "seven or ten digits"));
  CHECK(has(s("#5550123#"), "5 5 5, 0 1 2 3"));
}

TEST_CASE("reception: the question can be had again") {
  const auto agent = reception();
  Story s(agent);
  CHECK(has(s("sorry, what did you say"), "What is your name"));
  CHECK(s.flow.question() == "What is your name, please? Say your first and last name.");
}

TEST_CASE("flow: branch, tool, yes and no lead where the file says") {
  const auto agent = agent_of(R"(
name = "x"
[[step]]
id = "member"
ask = "Are you a member?"
slot = "member"
type = "yes_no"
no = "bye"
[[step]]
id = "which"
ask = "Number?"
slot = "n"
type = "digits"
confirm = "never"
[[step]]
id = "look"
tool = "look_up"
say = "One moment."
arguments = { n = "{n}" }
slot = "level"
on_fail = "broken"
[[step]]
id = "by_level"
branch = "level"
when = { gold = "gold" }
next = "bye"
[[step]]
id = "gold"
say = "Welcome back."
[[step]]
id = "bye"
end = "Goodbye."
[[step]]
id = "broken"
end = "Our books are closed."
)");
  Story gold(agent);
  CHECK(gold("yes") == "[member=yes!] Number?");
  CHECK(gold("#42#") == "[n=42] One moment. [look_up n=42]");
  CHECK(gold.flow.waits_for_tool());
  CHECK(gold("hello").empty());
  CHECK(gold("=gold") == "[level=gold] Welcome back. Goodbye. [hang up]");
  Story plain(agent);
  plain("sure"), plain("seven");
  CHECK(plain("=tin") == "[level=tin] Goodbye. [hang up]");
  Story broken(agent);
  broken("yes"), broken("seven");
  CHECK(broken("=!") == "Our books are closed. [hang up]");
  Story no(agent);
  CHECK(no("#2") == "[member=no!] Goodbye. [hang up]");
}

TEST_CASE("flow: a file that leads in a circle ends the call instead of spinning") {
  const auto agent = agent_of("name='x'\n[[step]]\nid='a'\nsay='round'\nnext='a'\n");
  Story s(agent);
  CHECK(has(s.told, "[hang up]"));
}

TEST_CASE("flow: it expects what the step needs, patiently where people pause") {
  const auto agent = reception();
  Story s(agent);
  CHECK(s.flow.expect().kinds == std::vector<std::string>{"choice", "command"});
  CHECK(s.flow.expect().phrases.size() >= 20);
  CHECK(has(s.flow.expect().grammar, "<choice>"));
  s("alice johnson");
  CHECK(s.flow.expect().kinds == std::vector<std::string>{"text"});
  CHECK(s.flow.expect().grammar.empty());
  CHECK_FALSE(s.flow.complete("well let me see"));
  CHECK(s.flow.complete("a refund"));
  s("a refund");
  CHECK(s.flow.expect().patience_ms > 1000);
  CHECK_FALSE(s.flow.complete("five five five"));
  CHECK(s.flow.complete("five five five oh one two three four four four"));
  CHECK(s.flow.wants_key('5'));
  CHECK_FALSE(s.flow.wants_key('#'));
  s("#5550123#");
  CHECK_FALSE(s.flow.wants_key('#'));
  s("yes");
  CHECK_FALSE(s.flow.wants_key('5'));
}

TEST_CASE("flow: after something else has led, it goes on at the first open question") {
  const auto agent = reception();
  Flow flow(agent);
  const auto out = flow.resume();
  CHECK(std::holds_alternative<flow::Say>(out.back()));
  CHECK(has(std::get<flow::Say>(out.back()).text, "What is your name"));
}
