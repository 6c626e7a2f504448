#include "plugins/agent/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/agent/slots.hpp"

namespace parley {
namespace {

using Texts = std::vector<std::string>;

constexpr auto yes_rule =
    "(yes | yeah | yep | yup | sure | correct | right | exactly | okay | absolutely | of course) "
    "[that's right | that is right | that's correct | that is correct | it is | that's it | right "
    "| correct | "
    "please | sir | exactly | it's right | that is it | that's me | i am] "
    "| that's right | that is right | that's correct | that is correct | that's it | it is | that "
    "is it";
constexpr auto no_rule =
    "(no | nope | nah | wrong | incorrect) "
    "[that's wrong | that is wrong | that's not right | that is not right | it isn't | it's not | "
    "wrong | "
    "that's not it | it is not | not right | not quite | sorry | that is not it | that's incorrect "
    "| it's wrong] "
    "| that's wrong | that is wrong | that's not right | that is not right | not right | not "
    "correct | "
    "that's not correct | it is wrong | it's wrong";
// What people put around an answer: few words, for what they allow a foreign sentence may use too.
constexpr auto greeting =
    "hi | hello | hey | hi there | hey there | yes | yeah | sure | okay | oh | um | uh | well | so "
    "| of course | "
    "good morning | good afternoon | good evening | good day | certainly | no";
constexpr auto introduction =
    "this is | my name is | my name's | the name is | the name's | i am | i'm | it is | it's | "
    "that is | that's | "
    "you are speaking with | you're speaking with | you are talking to | you're talking to | you "
    "have | you've got | "
    "it would be | that would be | it's me | call me | you can call me | they call me | here is | "
    "name is | "
    "my full name is | i'm called | speaking with | put down";
constexpr auto tail_words =
    "please | speaking | here | calling | thanks | thank you | on the line | on the phone | is my "
    "name | is the name";
constexpr auto polite =
    "i want to | i would like to | i'd like to | can i | could i | may i | please | let me | i "
    "need to | "
    "can you | could you | please can i | can i please";
constexpr auto number_lead =
    "it is | it's | my number is | the number is | that's | sure | yes | okay | you can call me at "
    "| call me at | "
    "you can reach me at | reach me at | please call | um | uh | my phone number is | the right "
    "number is";
constexpr auto digit_rule =
    "zero | oh | one | two | three | four | five | six | seven | eight | nine";
constexpr auto letter_rule =
    "a | b | c | d | e | f | g | h | i | j | k | l | m | n | o | p | q | r | s | t | u | v | w | x "
    "| y | z";

std::string alternatives(const Texts& texts) {
  Texts plain;
  for (const auto& t : texts) plain.push_back(normal(t));
  std::sort(plain.begin(), plain.end());
  plain.erase(std::unique(plain.begin(), plain.end()), plain.end());
  return join(plain, " | ");
}

class Grammar {
 public:
  void rule(const std::string& name, const std::string& body) {
    rules_ += fmt::format("<{}> = {};\n", name, body);
  }
  void top(const std::string& body) { tops_.push_back(body); }
  std::string text() const {
    return fmt::format("#JSGF V1.0;\ngrammar step;\npublic <step> = {};\n{}", join(tops_, " | "),
                       rules_);
  }

 private:
  std::string rules_;
  Texts tops_;
};

void add_choice(Grammar& g, const Ask& ask) {
  g.rule("hi", greeting);
  g.rule("intro", introduction);
  g.rule("tail", tail_words);
  g.rule("choice", alternatives(ask.choices));
  g.top("[<hi>] [<hi>] [<intro>] <choice> [<tail>]");
}

void add_spelling(Grammar& g, const Ask& ask) {
  Texts all;
  for (const auto& c : ask.choices)
    for (auto& s : spellings_of(c)) all.push_back(std::move(s));
  g.rule("spelled", alternatives(all));
  g.rule("before",
         "it is | it's | it is spelled | it's spelled | that's | that is | sure | okay | um | uh | "
         "yes | "
         "my last name is | the last name is | last name");
  g.top("[<before>] [<choice>] <spelled>");
}

void add_digits(Grammar& g, const Ask& ask) {
  g.rule("digit", digit_rule);
  g.rule("before", number_lead);
  if (ask.lengths.empty()) {
    g.rule("number", "(<digit> | (double | triple) <digit>)+");
  } else {
    Texts counts;
    for (const auto n : ask.lengths) counts.push_back(join(Texts(n, "<digit>"), " "));
    g.rule("number", join(counts, " | "));
  }
  g.top("[<before>] <number>");
}

void add_confirmation(Grammar& g, const Ask& ask) {
  g.rule("yes", yes_rule);
  g.rule("no", no_rule);
  g.top("<yes> | <no>");
  if (ask.type != SlotType::choice) return;
  g.rule("choice", alternatives(ask.choices));
  g.top("[no] (it's | it is | my name is | this is | i said) <choice>");
  g.top("no <choice>");
}

}  // namespace

std::vector<std::string> spellings_of(const std::string& choice) {
  const auto spelled = [](const std::string& word) {
    Texts letters;
    for (const char c : word)
      if (c != '\'' && c != ' ') letters.emplace_back(1, c);
    return join(letters, " ");
  };
  const auto words = words_of(choice);
  Texts all{spelled(normal(choice))};
  if (words.size() > 1)
    for (const auto& w : words)
      if (w.size() > 2) all.push_back(spelled(w));
  return all;
}

std::string grammar_of(const Ask& ask, Asking asking, const std::vector<Command>& commands) {
  if (ask.type == SlotType::text && asking == Asking::value) return {};
  Grammar g;
  if (asking == Asking::confirmation || ask.type == SlotType::yes_no) {
    add_confirmation(g, ask);
  } else if (ask.type == SlotType::choice) {
    add_choice(g, ask);
    if (asking == Asking::spelling) add_spelling(g, ask);
  } else if (ask.type == SlotType::digits) {
    add_digits(g, ask);
  } else {
    g.rule("letter", letter_rule);
    g.top("<letter>+");
  }
  Texts phrases;
  for (const auto& c : commands) phrases.insert(phrases.end(), c.phrases.begin(), c.phrases.end());
  if (!phrases.empty()) {
    g.rule("command", alternatives(phrases));
    g.rule("polite", polite);
    g.rule("ahead", "no | hi | hello | yes | um | uh | well | sorry | excuse me");
    g.top("[<ahead>] [<polite>] <command> [please | now | thanks]");
  }
  return g.text();
}

}  // namespace parley
