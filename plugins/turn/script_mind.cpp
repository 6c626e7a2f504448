// script_mind: answers that were written beforehand, for tests and benchmarks of what is around a
// mind. Threads: the call's loop.
#include "plugins/turn/mind.hpp"

namespace parley::turn {
namespace {

class ScriptMind final : public Mind {
 public:
  ScriptMind(Body& body, const std::string& greeting, const std::string& replies, Nanos delay)
      : body_(body), greeting_(greeting), delay_(delay) {
    for (std::size_t at = 0; at <= replies.size();) {
      const auto end = std::min(replies.find('|', at), replies.size());
      if (end > at) replies_.push_back(replies.substr(at, end - at));
      at = end + 1;
    }
  }

  void start() override { say(greeting_); }
  void answer(const out::Answer&) override {
    const auto asked = ++asked_;
    const auto reply = [this, asked] {
      if (asked == asked_)
        say(replies_.empty() ? std::string() : replies_[next_++ % replies_.size()]);
    };
    if (delay_ > Nanos(0))
      body_.later(delay_, reply);
    else
      reply();
  }
  void cancel() override { ++asked_; }
  void stalled() override {
    cancel();
    body_.done();
  }

 private:
  void say(const std::string& text) {
    speak(body_, text);
    body_.done();
  }

  Body& body_;
  const std::string greeting_;
  const Nanos delay_;
  std::vector<std::string> replies_;
  std::size_t next_ = 0;
  unsigned asked_ = 0;
};

}  // namespace

std::unique_ptr<Mind> script_mind(Body& body, const std::string& greeting,
                                  const std::string& replies, Nanos delay) {
  return std::make_unique<ScriptMind>(body, greeting, replies, delay);
}

}  // namespace parley::turn
