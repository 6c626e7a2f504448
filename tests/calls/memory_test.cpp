// A thousand calls one after the other, in virtual time, leave no memory behind.
// PARLEY_MEMORY_CALLS in the environment: as many as that (tools/bench/memory).
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>

#include "tests/calls/conversation.hpp"

extern "C" [[gnu::weak]] std::size_t __sanitizer_get_current_allocated_bytes();

using namespace parley;
using namespace parley::test;

namespace {

// What the program has asked for and not given back.
std::int64_t allocated_bytes() {
  if (__sanitizer_get_current_allocated_bytes)
    return std::int64_t(__sanitizer_get_current_allocated_bytes());
  const auto info = mallinfo2();
  return std::int64_t(info.uordblks + info.hblkhd);
}

// From one to the next, as the median of what lies half of them apart: what happens to be there at
// one moment, such as a queue that has room for more, does not count.
double growth(const std::vector<std::int64_t>& bytes) {
  const auto half = bytes.size() / 2;
  std::vector<double> steps;
  for (std::size_t i = 0; i + half < bytes.size(); ++i)
    steps.push_back(double(bytes[i + half] - bytes[i]) / double(half));
  std::ranges::nth_element(steps, steps.begin() + std::ptrdiff_t(steps.size() / 2));
  return steps[steps.size() / 2];
}

void batch(VirtualEngine& engine, int calls, const caller::ProgramRef& said) {
  {
    std::vector<std::unique_ptr<Conversation>> talks;
    std::vector<Conversation*> all;
    for (int i = 0; i < calls; ++i) {
      talks.push_back(std::make_unique<Conversation>(engine, said));
      all.push_back(talks.back().get());
      engine.advance(11ms);
    }
    run(engine, all);
    for (const auto* talk : all) REQUIRE(talk->events("agent.said").size() == 1);
  }
  engine.advance(1s);
  engine.forget();
  while (Pipeline::live() != 0) std::this_thread::yield();  // a worker drops their last reference
}

}  // namespace

TEST_CASE("calls: memory is flat over 1,000 calls (P7)") {
  constexpr int calls_a_batch = 50, warm_up = 10;
  const char* wanted = std::getenv("PARLEY_MEMORY_CALLS");
  const int batches = (wanted ? std::stoi(wanted) : 1000) / calls_a_batch;
  VirtualEngine engine({.launch = launch});
  const auto said = program("say hello there my friend\nwait agent to finish\nhangup");
  for (int i = 0; i < warm_up; ++i) batch(engine, calls_a_batch, said);
  std::vector<std::int64_t> after;
  for (int i = 0; i < batches; ++i) {
    batch(engine, calls_a_batch, said);
    after.push_back(allocated_bytes());
  }
  const double a_call = growth(after) / calls_a_batch;
  MESSAGE(fmt::format("{:.1f} bytes a call stay after {} calls", a_call, batches * calls_a_batch));
  CHECK(a_call < 8);  // one small thing that every call forgets is more
}
