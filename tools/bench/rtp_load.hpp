// rtp_load: many callers' RTP from one thread: speech now and then, silence between; measures what
// comes back by the kernel's receive time stamps, so that its own scheduling does not count.
//
// Every 20 ms a leg sends one packet; legs are spread over the 20 ms. A leg speaks once every
// `turn_every`, each at a moment of its own.
// Threads: run() blocks its caller.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"

namespace parley::bench {

struct Distribution {
  std::vector<double> values;
  void add(double v) { values.push_back(v); }
  double quantile(double q);  // sorts; 0 when empty
};

struct LoadFigures {
  std::uint64_t sent = 0, received = 0, lost = 0;
  Distribution lateness_ms;  // of packets against their leg's own 20 ms grid
  Distribution turn_ms;      // last voiced packet sent -> first voiced packet received
  unsigned turns_asked = 0;  // answers that were due
};

struct LoadOptions {
  Nanos duration = 20s;
  Nanos settle = 3s;  // at the start: nothing is measured
  Nanos turn_every = 10s;
  bool talk = true;  // false: silence only
};

class RtpLoad {
 public:
  // Binds a socket on 127.0.0.1; answers its port.
  std::uint16_t add_leg();
  void aim(std::size_t leg, std::uint16_t remote_port);  // 127.0.0.1
  std::size_t legs() const { return legs_.size(); }
  ~RtpLoad();

  LoadFigures run(const LoadOptions& options);

 private:
  struct Leg {
    int fd = -1;
    sockaddr_in remote{};
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    Nanos first_turn{0};
    // received
    bool any = false;
    std::uint16_t first_seq = 0, last_seq = 0;
    std::uint64_t extended = 0;
    std::vector<std::pair<std::uint64_t, std::int64_t>> arrivals;  // packet number, ns
    Nanos asked_at{0};  // when the last voiced packet of an open question left; 0: none is open
    bool agent_talks = false;
    unsigned quiet = 0;
  };

  void send(Leg& leg, Nanos since_start, LoadFigures& figures, const LoadOptions& options);
  void receive(Leg& leg, Nanos since_start, LoadFigures& figures, const LoadOptions& options);

  std::vector<Leg> legs_;
  std::vector<std::vector<std::uint8_t>> utterance_;  // mu-law packets
};

}  // namespace parley::bench
