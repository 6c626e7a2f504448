// dialler: callers that reach parleyd by SIP: sets calls up, or up and down again.
//
// Threads: its methods block their caller; answers arrive on the SIP thread.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/sip/endpoint.hpp"
#include "engine/sip/sdp.hpp"

namespace parley::bench {

struct DialOptions {
  std::string target{};                // host:port
  std::vector<sip::Payload> codecs{};  // offered, with telephone events
  std::string srtp{};                  // the suite as in a=crypto; empty: plain
};

class Dialler {
 public:
  explicit Dialler(DialOptions options);  // throws

  // A call for each port, a few under way at a time and 500 a second, as a busy trunk would do it.
  // Waits until all are answered or have failed; what was agreed on, by the port's place.
  std::map<std::size_t, sip::Agreement> dial(const std::vector<std::uint16_t>& ports);
  // `count` calls, each hung up as soon as it is answered, as fast as they go with 16 under way.
  // Answers how many were answered.
  std::size_t dial_and_hang_up(std::size_t count);

  const std::string& why() const { return why_; }  // of the last that failed

 private:
  struct Leg {
    std::size_t place = 0;
    sip::Local offered{};
  };

  sip::Local offer(std::size_t place, std::uint16_t port) const;
  void place_call(std::unique_lock<std::mutex>& lock, std::size_t place, std::uint16_t port);
  void on(const sip::Notice& notice);

  const DialOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<sip::SessionId, Leg> legs_;
  std::map<std::size_t, sip::Agreement> agreed_;
  std::size_t over_ = 0;
  bool hang_up_ = false;
  std::string why_;
  std::unique_ptr<sip::Endpoint> endpoint_;  // last: its thread uses the rest
};

}  // namespace parley::bench
