// The bridge to a provider, with a provider of the test's own on a worker.
#include "plugins/stt/channel.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "engine/base/sim_loop.hpp"

using namespace parley;

namespace {

// Says how many samples it got, and in how many pieces; what it expects is told with it.
class Counter final : public SttSession {
 public:
  explicit Counter(SttSink sink) : sink_(std::move(sink)) { ++alive; }
  ~Counter() override { --alive; }
  void expect(const SttExpectation& e) override { grammar_ = e.grammar; }
  void set_rate(unsigned rate) override { grammar_ += std::to_string(rate) + " Hz "; }
  void audio(std::span<const std::int16_t> samples) override {
    samples_ += samples.size();
    ++pieces_;
    sink_(SttPartial{std::to_string(samples_)});
  }
  void end_of_speech() override {
    if (!silent)
      sink_(
          SttFinal{grammar_ + std::to_string(samples_) + "/" + std::to_string(pieces_), 1, false});
    abandon();
  }
  void abandon() override { samples_ = pieces_ = 0; }
  static inline std::atomic<int> alive = 0;
  static inline std::atomic<bool> silent = false;

 private:
  const SttSink sink_;
  std::string grammar_;
  std::size_t samples_ = 0, pieces_ = 0;
};

const SttProvider counter{
    .name = "counter",
    .where = SttProvider::Where::worker,
    .utterances = 2,
    .piece_cost = 20ms,
    .final_cost = 80ms,
    .open = [](LoopRef, const SttOptions&, SttSink sink) -> std::unique_ptr<SttSession> {
      return std::make_unique<Counter>(std::move(sink));
    },
    .unknown_words = nullptr};

struct Call {
  explicit Call(std::shared_ptr<SimLoop> l, Workers& workers) : loop(std::move(l)) {
    Gate gate(*loop);
    channel = std::make_unique<SttChannel>(loop, workers, counter, SttOptions{}, 0,
                                           [this](SttResult r) { take(r); });
  }
  ~Call() {
    Gate gate(*loop);
    channel.reset();
  }
  void take(const SttResult& r) {
    if (const auto* p = std::get_if<SttPartial>(&r)) partials.push_back(p->text);
    if (const auto* f = std::get_if<SttFinal>(&r)) finals.push_back(f->text);
    if (const auto* f = std::get_if<Failure>(&r)) finals.push_back("failed: " + f->what);
  }
  void say(int ms) {  // in frames of 20 ms, as they come
    for (; ms > 0; ms -= 20) {
      loop->pump_to(loop->now() + 20ms);
      Gate gate(*loop);
      channel->audio(std::vector<std::int16_t>(160));
    }
  }
  void end() {
    Gate gate(*loop);
    channel->end_of_speech();
  }

  std::shared_ptr<SimLoop> loop;
  std::unique_ptr<SttChannel> channel;
  std::vector<std::string> partials, finals;
};

}  // namespace

TEST_CASE("channel: a worker gets 80 ms a piece, every sample once, and answers at asked + cost") {
  Workers workers(2);
  auto loop = SimLoop::make();
  Call call(loop, workers);
  call.say(200);
  call.end();
  loop->pump_to(279ms);
  CHECK(call.finals.empty());
  CHECK(call.channel->unanswered() == 1);
  loop->pump_to(280ms);
  CHECK(call.partials == std::vector<std::string>{"640", "1280", "1600"});
  CHECK(call.finals == std::vector<std::string>{"1600/3"});
  CHECK(call.channel->unanswered() == 0);
}

TEST_CASE(
    "channel: an expectation counts for the utterances after it; utterances keep their order") {
  Workers workers(2);
  auto loop = SimLoop::make();
  Call call(loop, workers);
  call.say(20);
  call.end();
  {
    Gate gate(*loop);
    call.channel->expect({.grammar = "g"});
  }
  call.say(40);
  call.end();
  loop->pump_to(1s);
  CHECK(call.finals == std::vector<std::string>{"160/1", "g320/1"});
}

TEST_CASE("channel: an end without audio is answered too") {
  Workers workers(1);
  auto loop = SimLoop::make();
  Call call(loop, workers);
  call.end();
  loop->pump_to(1s);
  CHECK(call.finals == std::vector<std::string>{"0/0"});
}

TEST_CASE("channel: what is abandoned is not answered, what follows is") {
  Workers workers(2);
  auto loop = SimLoop::make();
  Call call(loop, workers);
  call.say(100);
  call.end();
  call.say(20);
  {
    Gate gate(*loop);
    call.channel->abandon();
  }
  call.say(100);
  call.end();
  loop->pump_to(2s);
  CHECK(call.finals == std::vector<std::string>{"800/2"});
}

TEST_CASE("channel: when all recognisers are in use, an utterance fails in its turn") {
  Workers workers(2);
  auto loop = SimLoop::make();
  Call a(loop, workers), b(loop, workers), c(loop, workers);
  a.say(20);
  b.say(20);
  c.say(20);
  c.end();
  c.end();
  loop->pump_to(1s);
  REQUIRE(c.finals.size() == 2);
  CHECK(c.finals[0] == "failed: all 2 recognisers of this process are in use");
  a.end();
  b.end();
  loop->pump_to(2s);
  c.say(20);
  c.end();
  loop->pump_to(3s);
  CHECK(c.finals.back() == "160/1");
}

TEST_CASE("channel: a provider that gives no answer within 10 s has failed") {
  Workers workers(1);
  auto loop = SimLoop::make();
  Call call(loop, workers);
  Counter::silent = true;
  call.say(20);
  call.end();
  loop->pump_to(10s);
  CHECK(call.finals.empty());
  loop->pump_to(11s);
  CHECK(call.finals == std::vector<std::string>{"failed: no answer in 10 s"});
  Counter::silent = false;
  call.say(20);
  call.end();
  loop->pump_to(12s);
  CHECK(call.finals.back() == "160/1");
}

TEST_CASE("channel: a full workers' queue is a failure, not a wait") {
  Workers workers(1, 1);
  auto loop = SimLoop::make();
  Call call(loop, workers);
  std::mutex busy;
  busy.lock();
  std::atomic<bool> running = false;
  REQUIRE(workers.submit([&] {
    running = true;
    busy.lock();
  }));
  while (!running) std::this_thread::yield();
  REQUIRE(workers.submit([] {}));
  call.say(20);
  call.end();
  loop->pump_to(100ms);
  CHECK(call.finals == std::vector<std::string>{"failed: the workers' queue is full"});
  busy.unlock();
}

TEST_CASE("channel: a call that ends takes its session along and hears nothing any more") {
  auto loop = SimLoop::make();
  {
    Workers workers(2);  // ends when it has done what it was given: the session goes on a worker
    {
      Call call(loop, workers);
      call.say(100);
      call.end();
    }
    loop->pump_to(1s);
  }
  CHECK(Counter::alive == 0);
}
