// door: stands at the socket ahead of libre: too much, garbage and bad requests end here.
//
// A refusal is written from the datagram alone and kept nowhere; what passes is a message that
// libre reads without a complaint.
//
// Threads: the SIP thread's; the counters are read from any.
#pragma once

#include <atomic>
#include <string>

#include "engine/sip/endpoint.hpp"
#include "engine/sip/libre.hpp"
#include "engine/sip/limiter.hpp"
#include "engine/sip/message.hpp"

namespace parley::sip {

struct LiveCounters {
  std::atomic<std::uint64_t> received = 0, garbage = 0, limited = 0, refused = 0, turned_away = 0,
                             lost_commands = 0;
  Counters snapshot() const {
    return {.received = received,
            .garbage = garbage,
            .limited = limited,
            .refused = refused,
            .turned_away = turned_away,
            .lost_commands = lost_commands};
  }
};

class Door {
 public:
  Door(const Options& options, LiveCounters& counters)
      : options_(options),
        counters_(counters),
        limiter_({.per_second = options.source_per_second, .burst = options.source_burst}) {}

  // From now on every datagram of `socket` comes here first.
  Status stand_at(udp_sock* socket);
  void leave() { helper_.reset(); }

 private:
  static bool on_datagram(sa* source, mbuf* datagram, void* self);
  bool passes(const sa& source, mbuf* datagram);
  bool admitted(const sa& source);
  void refuse(const sa& source, const Message& request, const Refusal& refusal);

  const Options& options_;
  LiveCounters& counters_;
  Limiter limiter_;
  udp_sock* socket_ = nullptr;
  Re<udp_helper> helper_;
};

}  // namespace parley::sip
