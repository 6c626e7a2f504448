// callers: many callers from one thread: speech now and then, silence between; measures what comes
// back.
//
// Every 20 ms a caller sends one frame; callers are spread over the 20 ms. A caller speaks once
// every `turn_every`, each at a moment of its own.
// Threads: run() blocks its caller.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tools/bench/line.hpp"

namespace parley::bench {

struct Distribution {
  std::vector<double> values;
  void add(double v) { values.push_back(v); }
  double quantile(double q);  // sorts; 0 when empty
};

struct LoadFigures {
  std::uint64_t sent = 0, received = 0, lost = 0;
  std::size_t heard = 0;  // callers who heard anything
  // Of packets against their caller's own 20 ms grid; of those without a number, against the one
  // before.
  Distribution lateness_ms;
  Distribution turn_ms;   // last voiced packet sent -> first voiced packet received
  Nanos own_lateness{0};  // the worst, of the generator itself
  std::vector<std::pair<std::size_t, Nanos>> asked;  // answers that were due: who, since when
};

struct LoadOptions {
  Nanos duration = 20s;
  Nanos settle = 4s;  // at the start nothing is measured: egress may move its grid once more
  Nanos turn_every = 10s;
};

class Callers {
 public:
  // `frames` are what it says, and name what it hears.
  void add(std::unique_ptr<Line> line, std::shared_ptr<const Frames> frames);
  std::size_t size() const { return legs_.size(); }

  LoadFigures run(const LoadOptions& options);

 private:
  struct Leg {
    std::unique_ptr<Line> line;
    std::shared_ptr<const Frames> frames;
    std::unique_ptr<rtp::Decoder> decoder;
    Nanos first_turn{0};
    std::vector<std::pair<std::int64_t, Nanos>> arrivals{};  // those with a number
    Nanos last_arrival{0};
    Nanos asked_at{0};  // when the last voiced packet of an open question left; 0: none is open
    bool heard = false;
  };

  void send(std::size_t index, Nanos since_start, LoadFigures& figures, const LoadOptions& options);
  static void count(Leg& leg, const Arrival& arrival, LoadFigures& figures);
  void receive(Leg& leg, Nanos since_start, LoadFigures& figures, const LoadOptions& options);

  std::vector<Leg> legs_;
};

}  // namespace parley::bench
