#include "engine/call/call_setup.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;

namespace {

// Steps a, b, c; the one named `breaks` fails. What happened, as letters: lower done, upper undone.
std::string story(const std::string& breaks) {
  std::string log;
  std::vector<SetupStep> steps;
  for (const char* name : {"a", "b", "c"})
    steps.push_back({name,
                     [&log, name, &breaks] {
                       if (breaks == name) throw SetupError{503, "no"};
                       log += name;
                     },
                     [&log, name] { log += char(name[0] - 32); }});
  try {
    run_steps(steps);
  } catch (const SetupError& e) {
    log += std::to_string(e.code);
  }
  return log;
}

}  // namespace

TEST_CASE("call setup: what was done before a failure is undone, last first") {
  CHECK(story("") == "abc");
  CHECK(story("a") == "503");
  CHECK(story("b") == "aA503");
  CHECK(story("c") == "abBA503");
}
