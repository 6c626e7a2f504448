// stack: libre as the endpoint uses it: its loop, one UDP transport with the door before it, a
// wake-up from other threads, and the timer wheel behind one timer.
//
// Threads: made, run and destroyed on the SIP thread; libre keeps its loop per thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/sip/door.hpp"
#include "engine/sip/endpoint.hpp"
#include "engine/sip/libre.hpp"
#include "engine/sip/timer_wheel.hpp"

namespace parley::sip {

Nanos monotonic();
std::string error_text(int err);  // "address already in use"

class Stack {
 public:
  struct Hooks {
    std::function<void(Status)> ready;             // once: the socket hears, or why not
    std::function<void()> woken;                   // the wake-up descriptor was written to
    std::function<void(const sip_msg&)> request;   // outside any transaction libre knows
    std::function<void(const sip_msg&)> response;  // likewise
    std::function<void(std::uint64_t)> due;        // a timer's key
  };

  Stack(const Options& options, LiveCounters& counters, Hooks hooks);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  Status open(int wake_fd);
  void run();   // until stop()
  void stop();  // from a hook

  struct sip* sip() const {
    return sip_.get();
  }
  const std::string& address() const { return address_; }
  sa_family_t family() const { return sa_family_t(sa_af(&local_)); }
  // Our host and port as `peer` can reach them.
  std::string address_toward(const sa& peer) const;

  TimerWheel::Id start_timer(Nanos delay, std::uint64_t key);
  void stop_timer(TimerWheel::Id id) { wheel_.stop(id); }

 private:
  static bool on_request(const sip_msg* message, void* self);
  static bool on_response(const sip_msg* message, void* self);
  static void on_wake(int flags, void* self);
  static void on_tick(void* self);
  static void on_deaf(void* self);
  Status listen();
  void say_hello() const;
  void adopt(const sip_msg& message);
  void arm();

  const Options& options_;
  const Hooks hooks_;
  Door door_;
  TimerWheel wheel_;
  tmr tick_{}, deaf_{};
  sa local_{};
  std::string address_;
  int wake_fd_ = -1;
  bool attached_ = false;
  Re<struct sip> sip_;
  Re<udp_sock> socket_;
};

}  // namespace parley::sip
