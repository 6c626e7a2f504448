// receiver: from the datagrams of one call to its audio and its key presses.
//
// Joins what decides about a packet: the header, the source latch, the jitter buffer, telephone
// events, G.711, concealment; and it keeps the timeline. A stream starts at its first packet's
// arrival and goes on by RTP timestamps. When nothing comes (a caller that sends no silence, a
// stall) the timeline is filled up as soon as nothing is likely to come any more, so that those
// behind can hear the silence: a packet's length and 30 ms behind the present on an even network,
// up to 240 ms on an uneven one. What comes yet is heard all the same; the lead that this makes is
// worked off where nothing is said, and so is the lag of a slow clock. What would lie more than
// 200 ms in the future, as after a stall, is dropped.
//
// Threads: pure. `now` and all times are running times of the stream.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "plugins/rtp/concealment.hpp"
#include "plugins/rtp/dtmf.hpp"
#include "plugins/rtp/jitter_buffer.hpp"
#include "plugins/rtp/source_latch.hpp"

namespace parley::rtp {

class Receiver {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // Samples of 8 kHz. `leap`: they don't follow those before.
    virtual void on_audio(Nanos start, std::span<const std::int16_t> samples, bool leap) = 0;
    virtual void on_key(const KeyPress& press) = 0;
    virtual void on_source(const Address& source) = 0;  // answers go there from now on
    virtual void on_first(const Address& source, int payload_type) = 0;
  };

  struct Counters {
    std::uint64_t received = 0, lost = 0, late = 0, malformed = 0, foreign = 0;
    std::uint64_t concealed_ms = 0;  // made up for packets that were lost or came too late
  };

  Receiver(Listener& listener, int dtmf_payload_type)
      : listener_(listener), dtmf_payload_type_(dtmf_payload_type) {}

  void packet(std::span<const std::uint8_t> datagram, const Address& from, const Address& announced,
              Nanos now);
  void tick(Nanos now);
  std::optional<Nanos> deadline() const;  // when tick() has something to do

  const Address& source() const { return latch_.source(); }
  Nanos last_packet() const { return last_packet_; }  // when one was believed; 0: never
  // A moment of the 20 ms grid on which packets arrive, when they come on one.
  std::optional<Nanos> arrival() const { return arrival_; }
  Counters counters() const;

 private:
  static constexpr Nanos longest_lead = 200ms, worked_off = 60ms, longest_lag = 100ms;
  static constexpr Nanos longest_fill = 2s;
  static constexpr std::size_t longest_audio = 1600;  // samples: 200 ms

  bool is_sound(const Packet& packet, const Address& from) const;
  void drain(Nanos now);
  void lost();
  void key_packet(const Packet& packet, Nanos now);
  void audio(const JitterBuffer::Out& out);
  void hear(std::span<std::int16_t> samples, Nanos lead);
  std::optional<Nanos> fill_at() const;
  void catch_up(Nanos to, bool restart);
  void fill(std::size_t samples);
  void emit(std::span<const std::int16_t> samples);
  void note_arrival(const Packet& packet, Nanos now);

  Listener& listener_;
  const int dtmf_payload_type_;
  SourceLatch latch_;
  JitterBuffer jitter_;
  DtmfReceiver dtmf_;
  Concealment concealment_;
  bool any_ = false;             // the timeline has begun
  Nanos end_{0};                 // of the timeline so far
  std::uint32_t expected_ = 0;   // the timestamp that continues it
  Nanos behind_{0};              // that, when the last packet was due
  Nanos step_{20ms};             // the last packet's length
  std::size_t waiting_ = 0;      // filled up since, in samples
  std::uint64_t concealed_ = 0;  // samples
  bool leap_ = true;
  bool in_key_ = false;  // the last packet was of a key: what is lost is no audio
  std::array<std::int16_t, longest_audio> decoded_;
  Nanos last_packet_{0};
  std::optional<Nanos> arrival_{};
  std::uint64_t malformed_ = 0;
  std::uint64_t ahead_ = 0;  // dropped, for they came in too great a lead
};

}  // namespace parley::rtp
