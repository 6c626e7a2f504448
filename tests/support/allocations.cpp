#include "tests/support/allocations.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "engine/base/assert.hpp"

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace parley::test {
namespace {

constexpr int deepest = 24;
constexpr std::size_t most = 1 << 20;

struct Stack {
  std::array<void*, deepest> frames;
  int depth;
};

thread_local bool counting = false;
std::vector<Stack> stacks;  // has its room before counting begins
std::uint64_t beyond = 0;   // came when it was full

void note() {
  if (!counting) return;
  counting = false;  // backtrace() is not counted
  if (stacks.size() < most) {
    auto& stack = stacks.emplace_back();
    stack.depth = backtrace(stack.frames.data(), deepest);
  } else {
    ++beyond;
  }
  counting = true;
}

// Libraries that allocate for those who call them.
bool is_general(std::string_view object) {
  constexpr std::string_view names[] = {"libc.so",     "libstdc++", "libglib-",
                                        "libgobject-", "libfmt",    "ld-linux"};
  return std::ranges::any_of(names, [&](auto name) { return object.starts_with(name); });
}

const void* base_of(const void* address) {
  Dl_info info;
  return dladdr(address, &info) ? info.dli_fbase : nullptr;
}

void add(const Stack& stack, Allocations::Count& count) {
  for (int i = 2; i < stack.depth; ++i) {  // 0 and 1 are ours: note() and the malloc that calls it
    Dl_info info;
    if (!dladdr(stack.frames[std::size_t(i)], &info)) continue;
    const std::string_view path = info.dli_fname;
    const auto object = path.substr(path.rfind('/') + 1);
    if (is_general(object)) continue;
    if (object.starts_with("libgst")) {
      ++count.gstreamer;
      return;
    }
    ++(info.dli_fbase == base_of(stack.frames[0]) ? count.ours : count.libraries);
    const auto offset = static_cast<char*>(stack.frames[std::size_t(i)]) -
                        static_cast<char*>(info.dli_fbase) - 1;  // within the call
    ++count.sites[fmt::format("{}+{:#x}", object, offset)];
    return;
  }
  ++count.ours;
  ++count.sites["unknown"];
}

}  // namespace

Allocations::Allocations() {
  PARLEY_ASSERT(!counting);
  Stack first;
  backtrace(first.frames.data(), deepest);  // loads what it needs
  stacks.clear();
  stacks.reserve(most);
  beyond = 0;
  counting = true;
}

Allocations::~Allocations() { counting = false; }

Allocations::Count Allocations::stop() {
  counting = false;
  PARLEY_ASSERT(beyond == 0);
  Count count;
  for (const auto& stack : stacks) add(stack, count);
  return count;
}

}  // namespace parley::test

using parley::test::note;

extern "C" {
void* malloc(std::size_t size) {
  note();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  note();
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  note();
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  note();
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : ENOMEM;
}
}
