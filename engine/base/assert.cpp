#include "engine/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace parley {

void assertion_failed(const char* condition, std::source_location where) {
  std::fprintf(stderr, "%s:%u: %s: broken promise: %s\n", where.file_name(), where.line(),
               where.function_name(), condition);
  std::abort();
}

}  // namespace parley
