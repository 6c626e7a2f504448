#include "engine/call/call_setup.hpp"

namespace parley {

void run_steps(std::span<const SetupStep> steps) {
  std::size_t done = 0;
  try {
    for (; done < steps.size(); ++done) steps[done].run();
  } catch (const SetupError&) {
    while (done > 0) steps[--done].undo();
    throw;
  }
}

}  // namespace parley
