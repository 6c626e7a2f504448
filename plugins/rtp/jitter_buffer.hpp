// jitter_buffer: puts packets back in order and says which are lost.
//
// A packet that is in order passes at once: there is no playout delay. Behind a gap packets are
// held until the gap is filled or has been waited for: twice the jitter seen (RFC 3550, 6.4.1),
// between 20 and 60 ms. Then what is missing is given out as lost, one by one, and counted; what
// comes for it later is late. A new SSRC or a leap in the sequence is believed at its second packet
// in a row (RFC 3550, A.1), so that one stray packet harms nothing.
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/clock.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::rtp {

class JitterBuffer {
 public:
  static constexpr Nanos shortest_wait = 20ms, longest_wait = 60ms;

  struct Out {
    bool lost = false;     // a packet that did not come; only this field counts then
    bool restart = false;  // the first of a stream: timestamps have nothing to do with those before
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

  // After it, next() until it answers nothing.
  void put(const Packet& packet, Nanos now);
  std::optional<Out> next(Nanos now);
  // When next() will answer although no packet has come.
  std::optional<Nanos> deadline() const;

  Nanos wait() const;  // how long a gap is waited for now
  const Counters& counters() const { return counters_; }

 private:
  static constexpr std::size_t capacity = 16;
  static constexpr int longest_leap = 1000;  // packets: 20 s of 20 ms

  struct Slot {
    bool full = false;
    Nanos arrived{0};
    Packet packet{};
    std::vector<std::uint8_t> payload{};  // keeps its memory from packet to packet
  };
  struct Candidate {
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
  };

  static void keep(Slot& slot, const Packet& packet, Nanos now);
  Slot& slot(unsigned sequence) { return slots_[sequence % capacity]; }
  bool believes(const Packet& packet);
  void restart(const Packet& packet);
  void measure(const Packet& packet, Nanos now);
  void count_old(int behind);
  void advance(bool came);
  Out give(Slot& slot);
  Out leap();

  std::array<Slot, capacity> slots_{};
  std::size_t held_ = 0;
  std::optional<Slot> beyond_{};  // does not fit into the slots until the gap is given up
  bool running_ = false;
  bool fresh_ = false;  // the next packet given is the first of a stream
  std::uint32_t ssrc_ = 0;
  std::uint16_t expected_ = 0;
  std::uint64_t came_ = 0;  // bit n: the packet n + 1 before `expected_` was there in time
  std::optional<Candidate> candidate_{};
  std::optional<Nanos> transit_{};  // arrival less timestamp, of the last packet
  std::uint32_t measured_ = 0;      // its timestamp
  Nanos jitter_{0};
  Counters counters_{};
};

}  // namespace parley::rtp
