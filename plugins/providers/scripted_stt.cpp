// scripted_stt: hears what its script says, whatever is said; for tests, benchmarks and a first
// run.
//
// `script` holds sentences separated by '|', one for each utterance; after the last it understands
// nothing. `delay` passes between the end of speech and the final text. While audio comes it gives
// the words so far as partials, one more every 200 ms.
// Threads: the call's loop.

#include <algorithm>
#include <deque>
#include <sstream>

#include "plugins/providers/stt.hpp"

namespace parley {
namespace {

constexpr unsigned words_a_second = 5;

std::deque<std::string> split(const std::string& script) {
  std::deque<std::string> all;
  std::istringstream in(script);
  for (std::string one; std::getline(in, one, '|');) all.push_back(one);
  return all;
}

std::string first_words(const std::string& text, std::size_t count) {
  std::size_t end = 0;
  for (; count && end < text.size(); --count) end = std::min(text.find(' ', end + 1), text.size());
  return text.substr(0, end);
}

class Session final : public SttSession {
 public:
  Session(LoopRef loop, const SttOptions& options, SttSink sink)
      : loop_(std::move(loop)),
        rate_(options.rate),
        delay_(options.delay),
        script_(split(options.script)),
        sink_(std::make_shared<SttSink>(std::move(sink))) {}

  void expect(const SttExpectation&) override {}
  void set_rate(unsigned rate) override { rate_ = rate; }

  void audio(std::span<const std::int16_t> samples) override {
    heard_ += samples.size();
    if (script_.empty()) return;
    auto text = first_words(script_.front(), std::size_t(heard_ * words_a_second / rate_));
    if (text == partial_) return;
    partial_ = std::move(text);
    (*sink_)(SttPartial{partial_});
  }

  void end_of_speech() override {
    SttFinal result{.text = "", .confidence = 0, .rejected = true};
    if (!script_.empty()) {
      if (!script_.front().empty()) result = {script_.front(), 1, false};
      script_.pop_front();
    }
    forget();
    loop_->after(delay_, [sink = std::weak_ptr(sink_), result] {
      if (const auto alive = sink.lock()) (*alive)(result);
    });
  }

  void abandon() override {
    sink_ = std::make_shared<SttSink>(*sink_);  // finals that are due find their sink gone
    forget();
  }

 private:
  void forget() {
    heard_ = 0;
    partial_.clear();
  }

  const LoopRef loop_;
  unsigned rate_;
  const Nanos delay_;
  std::deque<std::string> script_;
  std::shared_ptr<SttSink> sink_;
  std::uint64_t heard_ = 0;
  std::string partial_;
};

}  // namespace

extern const SttProvider scripted_stt;
const SttProvider scripted_stt{
    .name = "scripted",
    .where = SttProvider::Where::loop,
    .utterances = 0,
    .piece_cost = {},
    .final_cost = {},
    .open = [](LoopRef loop, const SttOptions& o, SttSink sink) -> std::unique_ptr<SttSession> {
      return std::make_unique<Session>(std::move(loop), o, std::move(sink));
    },
    .unknown_words = nullptr};

}  // namespace parley
