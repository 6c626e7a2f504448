// jitter_buffer: puts packets back in order and says which are lost.
//
// A packet that is in order passes at once: there is no playout delay, for those behind are no
// loudspeaker. Behind a gap packets are held until it is filled or has been waited for as long as
// it takes that fewer than 0.5 % of all packets come later than that: what this network has shown
// lately, between 10 and 100 ms. Then what is missing is given out as lost, one by one, and
// counted; what comes for it later is late. A new SSRC or a leap in the sequence is believed at its
// second packet in a row (RFC 3550, A.1), so that one stray packet harms nothing. So is a step back
// to where the stream has been, when nothing came for longer than packets are late here: captures
// are played so, once and once more.
//
// It also knows when a packet was due by its timestamp, so that a timeline can be built that does
// not jump about with the network, and how long a silent wire is to be waited for (patience()).
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "plugins/rtp/arrivals.hpp"
#include "plugins/rtp/patience.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::rtp {

class JitterBuffer {
 public:
  static constexpr Nanos shortest_wait = 10ms, first_wait = 20ms, longest_wait = 100ms;
  static constexpr Nanos shortest_patience = 30ms, first_patience = 60ms;

  struct Out {
    bool lost = false;     // a packet that did not come; only this field counts then
    bool restart = false;  // the first of a stream: timestamps have nothing to do with those before
    Nanos due{0};          // when it would have come over a network without queues
    Packet packet{};       // valid until the next call
  };

  struct Counters {
    std::uint64_t received = 0;  // packets of the stream, all that follow included
    std::uint64_t lost = 0;      // never came
    std::uint64_t late = 0;      // came after they had been given up
    std::uint64_t duplicates = 0;
    std::uint64_t early = 0;  // were held, for a packet before them was missing
    std::uint64_t stray = 0;  // of no stream that is believed
  };

  // Of the timestamps of what comes from now on: 8000 for all of RFC 3551's telephone codecs.
  void set_clock_rate(unsigned hz) {
    if (std::exchange(clock_rate_, hz) != hz) arrivals_.restart();
  }

  // After it, next() until it answers nothing, while the packet's bytes are there.
  void put(const Packet& packet, Nanos now);
  // What the next packet takes is what packets take from now on.
  void accept_way() { arrivals_.restart(); }
  std::optional<Out> next(Nanos now);
  // When next() will answer although no packet has come.
  std::optional<Nanos> deadline() const;

  Nanos wait() const;      // how long a gap is waited for now
  Nanos patience() const;  // beyond its due time a packet is waited for, while nothing comes
  const Counters& counters() const { return counters_; }

 private:
  static constexpr std::size_t capacity = 32;
  static constexpr int remembered = 64;      // packets before the one that is expected
  static constexpr int longest_leap = 1000;  // packets: 20 s of 20 ms
  static constexpr unsigned learned_after = 50;

  struct Slot {
    bool full = false;
    Nanos due{0};
    Packet packet{};
    std::vector<std::uint8_t> payload{};  // keeps its memory from packet to packet
  };
  struct Candidate {
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
  };

  static void keep(Slot& slot, const Packet& packet, Nanos due);
  Slot& slot(unsigned sequence) {
    if (slots_.empty()) slots_.resize(capacity);
    return slots_[sequence % capacity];
  }
  Nanos& noticed(unsigned sequence) { return noticed_[sequence % remembered]; }
  bool believes(const Packet& packet, Nanos now);
  void restart(const Packet& packet);
  Nanos measure(const Packet& packet, Nanos now);
  void measure_order(std::uint16_t sequence, Nanos now);
  void count_old(int behind, std::uint16_t sequence, Nanos now);
  void advance(bool came);
  Out give(Slot& slot);
  Out leap();

  unsigned clock_rate_ = 8000;
  std::optional<Out> passing_{};  // in order: it needs no slot
  std::vector<Slot> slots_{};     // from the first packet on that is early
  std::size_t held_ = 0;
  std::optional<Slot> beyond_{};  // does not fit into the slots until the gap is given up
  bool running_ = false;
  bool fresh_ = false;  // the next packet given is the first of a stream
  std::uint32_t ssrc_ = 0;
  std::uint16_t expected_ = 0;
  std::uint16_t highest_ = 0;  // the newest that came
  Nanos last_{0};              // when a packet of the stream came
  std::uint64_t came_ = 0;     // bit n: the packet n + 1 before `expected_` was there in time
  std::array<Nanos, remembered> noticed_{};  // when one that is missing was first missed
  std::optional<Candidate> candidate_{};
  Arrivals arrivals_;
  Patience delay_;     // of packets, by their timestamps
  Patience disorder_;  // how long after a packet behind it one came
  Counters counters_{};
};

}  // namespace parley::rtp
