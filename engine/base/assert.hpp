// assert: a broken promise of ours ends the program, in every build, with the place and the
// promise.
#pragma once

#include <source_location>

namespace parley {

[[noreturn]] void assertion_failed(const char* condition, std::source_location where);

}  // namespace parley

#define PARLEY_ASSERT(condition) \
  ((condition) ? void() : ::parley::assertion_failed(#condition, std::source_location::current()))
