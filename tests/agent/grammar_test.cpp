#include "plugins/agent/grammar.hpp"

#include <doctest/doctest.h>

using namespace parley;

namespace {
bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("grammar: names whole, with a few words around them, and spelled") {
  Ask ask{.slot = "name", .type = SlotType::choice, .choices = {"Alice Johnson", "Alice Brown"}};
  const auto g = grammar_of(ask, Asking::value, {});
  CHECK(has(g, "#JSGF V1.0;"));
  CHECK(has(g, "<choice> = alice brown | alice johnson;"));
  CHECK(has(g, "[<hi>] [<hi>] [<intro>] <choice> [<tail>]"));
  CHECK_FALSE(has(g, "command"));
  CHECK(has(grammar_of(ask, Asking::spelling, {}),
            "a l i c e b r o w n | a l i c e j o h n s o n | b r o w n"));
}

TEST_CASE("grammar: digits have the counts that are right") {
  Ask ask{.slot = "n", .type = SlotType::digits, .lengths = {2, 3}};
  CHECK(has(grammar_of(ask, Asking::value, {}),
            "<number> = <digit> <digit> | <digit> <digit> <digit>;"));
}

TEST_CASE("grammar: commands stand in every closed step and free text has no grammar") {
  const std::vector<Command> commands = {{"human", {"Speak to a human!"}, "x"}};
  for (const auto type : {SlotType::yes_no, SlotType::digits, SlotType::letters})
    CHECK(has(grammar_of({.slot = "s", .type = type}, Asking::value, commands),
              "<command> = speak to a human;"));
  CHECK(grammar_of({.slot = "s", .type = SlotType::text}, Asking::value, commands).empty());
}
