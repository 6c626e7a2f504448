// A process that is killed while it stores: everything it says it stored is there, nothing is torn.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <future>

#include "engine/base/real_loop.hpp"
#include "tests/store/support.hpp"

using namespace parley;
using namespace parley::test;

namespace {

std::int64_t monotonic_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void tell(const std::string& line) {
  if (::write(3, line.data(), line.size()) != ssize_t(line.size())) std::abort();
}

// What the parent read: when each event was published, and up to which one it was told "stored".
struct Witness {
  std::vector<std::int64_t> published_us{0};  // by seq
  std::uint64_t stored = 0;

  void read(const std::string& line) {
    if (line.starts_with("stored "))
      stored = std::stoull(line.substr(7));
    else
      published_us.push_back(std::stoll(line));
  }
};

}  // namespace

TEST_CASE("store child: publishes an event a millisecond until it is killed" * doctest::skip()) {
  const char* url = std::getenv("STORE_TEST_URL");
  if (!url) return;
  EventHub hub;
  const auto loop = RealLoop::make();
  const auto store = opened({.url = url});
  store->follow(hub, loop);
  loop->start();
  std::unique_ptr<EventStream> call;
  std::uint64_t seq = 0;
  std::function<void()> next = [&] {
    if (!call) call = std::make_unique<EventStream>(hub, *loop, "victim");
    call->emit(seq == 0 ? "call.created" : "speech.started");
    ++seq;
    tell(fmt::format("{}\n", monotonic_us()));
    loop->after(1ms, next);
  };
  REQUIRE(loop->post(next));
  for (;;) {
    std::promise<std::uint64_t> so_far;
    REQUIRE(loop->post([&] { so_far.set_value(seq); }));
    const auto upto = so_far.get_future().get();
    REQUIRE(store->flush(60s));
    tell(fmt::format("stored {}\n", upto));
    ::usleep(100'000);
  }
}

TEST_CASE("store: after kill -9 all but the last 50 ms are there and the call is interrupted") {
  std::int64_t least_lost_us = INT64_MAX;
  for (int attempt = 0; attempt < 5 && least_lost_us > 50'000; ++attempt) {
    TemporaryFolder folder;
    Child child("store child: publishes*", {{"STORE_TEST_URL", database_url(folder)}});
    Witness witness;
    while (witness.stored < 20 || witness.published_us.size() < std::size_t(150 + 13 * attempt)) {
      const auto line = child.read_line();
      REQUIRE_FALSE(line.empty());
      witness.read(line);
    }
    const auto killed_us = monotonic_us();
    child.kill();
    CHECK(child.wait() == -SIGKILL);
    for (auto line = child.read_line(); !line.empty(); line = child.read_line()) witness.read(line);

    const auto store = opened({.url = database_url(folder)});
    CHECK(store->interrupted() == 1);
    const auto call = store->queries().call("victim").value();
    CHECK(call["end_reason"] == "interrupted");
    const auto events = store->queries().events("victim", 0, 1000).value();
    REQUIRE(events.size() >= 2);
    for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i]["seq"] == i + 1);
    const auto kept = events.size() - 1;  // the last one is recovery's
    CHECK(events[kept]["kind"] == "call.ended");
    CHECK(call["ended_at"] == events[kept - 1]["time"]);
    CHECK(kept >= witness.stored);

    const auto lost_us =
        kept + 1 < witness.published_us.size() ? killed_us - witness.published_us[kept + 1] : 0;
    MESSAGE("kept ", kept, " of ", witness.published_us.size() - 1, ", lost the last ", lost_us,
            " us");
    least_lost_us = std::min(least_lost_us, lost_us);
  }
  // A machine that is too busy to run the writer in time may lose more: not five times in a row.
  CHECK(least_lost_us <= 50'000);
}
