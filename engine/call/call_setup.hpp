// call_setup: bringing a call up as a list of steps, each undone if a later one fails.
//
// Threads: the call's loop; no step blocks.
#pragma once

#include <functional>
#include <span>
#include <string>

namespace parley {

struct SetupError {
  int code = 500;    // the SIP status the caller gets
  std::string what;  // a sentence
};

struct SetupStep {
  const char* name;
  std::function<void()> run;  // throws SetupError
  std::function<void()> undo = [] {};
};

// Runs the steps in order. At the first SetupError undoes the ones before, last first, and throws
// on.
void run_steps(std::span<const SetupStep> steps);

}  // namespace parley
