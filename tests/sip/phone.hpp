// phone: an endpoint of a test, with its notices in a queue that can be waited on.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/sip/endpoint.hpp"
#include "engine/sip/sdp.hpp"

namespace parley::sip {

class Phone {
 public:
  static Options any_port() {
    Options options;
    options.listen = "127.0.0.1:0";
    return options;
  }

  explicit Phone(const Options& options = any_port()) {
    auto opened = Endpoint::open(options, [this](const Notice& notice) { take(notice); });
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error()));
    endpoint_ = *std::move(opened);
  }
  ~Phone() { endpoint_.reset(); }

  Endpoint* operator->() { return endpoint_.get(); }
  std::string address() const { return endpoint_->address(); }
  void close() { endpoint_.reset(); }

  SessionId dial(const Phone& other, int ring_seconds = 60) {
    return endpoint_->dial({.to = "sip:agent@" + other.address(),
                            .from = "tester",
                            .sdp = write_offer({.media = {"127.0.0.1", 4000}, .session = 1}),
                            .ring_seconds = ring_seconds});
  }

  // The next notice of that kind; others that came before it stay in the queue.
  template <class T>
  T next() {
    std::unique_lock lock(mutex_);
    const auto is_one = [](const Notice& n) { return std::holds_alternative<T>(n); };
    auto found = notices_.end();
    const bool came = came_.wait_for(lock, std::chrono::seconds(20), [&] {
      found = std::find_if(notices_.begin(), notices_.end(), is_one);
      return found != notices_.end();
    });
    REQUIRE_MESSAGE(came, "the notice did not come");
    auto out = std::get<T>(std::move(*found));
    notices_.erase(found);
    return out;
  }

  // How often each session ended, of all that ever did.
  std::map<SessionId, int> endings() {
    std::lock_guard lock(mutex_);
    return endings_;
  }
  std::size_t waiting() {
    std::lock_guard lock(mutex_);
    return notices_.size();
  }

 private:
  void take(const Notice& notice) {
    {
      std::lock_guard lock(mutex_);
      notices_.push_back(notice);
      if (const auto* ended = std::get_if<Ended>(&notice)) ++endings_[ended->session];
    }
    came_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Notice> notices_;
  std::map<SessionId, int> endings_;
  std::unique_ptr<Endpoint> endpoint_;
};

// A call that is up: the caller's session and the callee's.
inline std::pair<SessionId, SessionId> connect(Phone& caller, Phone& callee) {
  const auto out = caller.dial(callee);
  const auto in = callee.next<Invite>().session;
  callee->answer(in, write_offer({.media = {"127.0.0.1", 4002}, .session = 2}));
  caller.next<Accepted>();
  callee.next<Confirmed>();
  return {out, in};
}

}  // namespace parley::sip
