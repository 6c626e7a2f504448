// receiver: from the datagrams of one call to its audio and its key presses.
//
// Joins what decides about a packet: the header, the source latch, the jitter buffer, telephone
// events, the codecs, concealment; and it keeps the timeline. The far end may change from packet to
// packet between the codecs of the payload map. The timeline has the rate of the first codec that
// comes; with the first wideband one it rises to that of it and stays there: what a narrow codec
// brings from then on is raised, so that those behind see one change in a call at most. One codec's
// end is blended into the next one's beginning. A stream
// starts at its first packet's arrival and goes on by RTP timestamps. When nothing comes (a caller
// that sends no silence, a stall) the timeline is filled up as soon as nothing is likely to come
// any more, so that those behind can hear the silence: a packet's length and 30 ms behind the
// present on an even network, up to 240 ms on an uneven one. What comes yet is heard all the same;
// the lead that this makes is worked off where nothing is said, and so is the lag of a slow clock.
// What would lie more than 200 ms in the future, as after a stall, is dropped.
//
// Threads: pure. `now` and all times are running times of the stream.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "plugins/dsp/rate_changer.hpp"
#include "plugins/rtp/concealment.hpp"
#include "plugins/rtp/decoders.hpp"
#include "plugins/rtp/dtmf.hpp"
#include "plugins/rtp/jitter_buffer.hpp"
#include "plugins/rtp/source_latch.hpp"

namespace parley::rtp {

class Receiver {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // Samples of `rate`. `leap`: they don't follow those before.
    virtual void on_audio(Nanos start, std::span<const std::int16_t> samples, unsigned rate,
                          bool leap) = 0;
    virtual void on_key(const KeyPress& press) = 0;
    virtual void on_source(const Address& source) = 0;  // answers go there from now on
    virtual void on_first(const Address& source, int payload_type) = 0;
    // Every packet of the far end, as it came; of unknown types before there is one, too.
    enum class Kind { voice, comfort_noise, key, unknown };
    struct Meaning {
      Kind kind = Kind::unknown;
      unsigned clock_rate = 8000;
      const Codec* codec = nullptr;  // of voice
      unsigned rate = 0;             // of its samples
    };
    virtual void on_packet(const Packet&, const Meaning&, Nanos /*now*/) {}
  };

  struct Counters {
    std::uint64_t received = 0, lost = 0, late = 0, malformed = 0, foreign = 0;
    std::uint64_t concealed_ms = 0;  // made up for packets that were lost or came too late
  };

  Receiver(Listener& listener, PayloadMap map);

  void set_map(PayloadMap map) { decoders_.set_map(std::move(map)); }
  // On hold what comes (music, mostly) is not heard: the timeline is silent.
  void set_held(bool held) { held_ = held; }

  void packet(std::span<const std::uint8_t> datagram, const Address& from, const Address& announced,
              Nanos now);
  void tick(Nanos now);
  std::optional<Nanos> deadline() const;  // when tick() has something to do

  const Address& source() const { return latch_.source(); }
  Nanos last_packet() const { return last_packet_; }  // when one was believed; 0: never
  // How far the timeline is ahead of where the last audio belongs by its arrival.
  Nanos lead() const { return lead_; }
  // A moment of the 20 ms grid on which packets arrive, when they come on one, and for long enough
  // to know it.
  std::optional<Nanos> arrival() const {
    return on_grid_ < settled ? std::nullopt : std::optional(arrival_);
  }
  Counters counters() const;

 private:
  static constexpr Nanos longest_lead = 200ms, worked_off = 60ms, longest_lag = 100ms;
  static constexpr Nanos longer_way_after = 200ms;
  static constexpr Nanos longest_fill = 2s;
  static constexpr unsigned settled = 100;           // packets: two seconds; the start is uneven
  static constexpr std::size_t most_samples = 3200;  // 200 ms of 16 kHz

  // On the stack, where every call's lies in the same, warm memory.
  using Decoded = std::array<std::int16_t, most_samples>;

  bool is_sound(const Packet& packet, const Address& from);
  Nanos time_of(std::size_t samples) const { return Nanos(1s) / rate_ * std::int64_t(samples); }
  std::size_t samples_in(Nanos time) const;
  std::size_t samples_of_ticks(std::uint32_t ticks) const;
  std::size_t frame() const { return rate_ / 50; }
  void tell(const Packet& packet, Nanos now);
  void drain(Nanos now);
  void begin_anew();
  void conceal_lost(std::span<const std::uint8_t> next);
  bool switch_to(int payload_type);
  void take_rate(unsigned rate);
  void key_packet(const Packet& packet, Nanos now);
  void audio(const JitterBuffer::Out& out, Nanos now);
  void drop(Nanos now);
  void hear(std::span<std::int16_t> samples, Nanos lead);
  std::optional<Nanos> fill_at() const;
  void catch_up(Nanos to, bool restart);
  void fill(std::size_t samples);
  void emit(std::span<const std::int16_t> samples);
  void note_arrival(const Packet& packet, Nanos now);
  bool conceal(std::span<std::int16_t> out, std::span<const std::uint8_t> next);

  Listener& listener_;
  Decoders decoders_;
  SourceLatch latch_;
  JitterBuffer jitter_;
  DtmfReceiver dtmf_;
  Concealment concealment_;
  RateChanger raised_;    // from a narrow codec's rate to the timeline's
  int type_ = -1;         // of the packet before
  unsigned rate_ = 8000;  // of the timeline's samples
  unsigned clock_rate_ = 8000;
  std::size_t step_samples_ = 1;
  std::size_t lost_ = 0;  // packets, not yet made up: the next one may bring them
  bool held_ = false;
  bool any_ = false;            // the timeline has begun
  Nanos end_{0};                // of the timeline so far
  std::uint32_t expected_ = 0;  // the timestamp that continues it
  Nanos lead_{0};
  Nanos behind_{0};              // that, when the last packet that was heard was due
  Nanos step_{20ms};             // the last packet's length
  std::size_t waiting_ = 0;      // filled up since, in samples
  std::uint64_t concealed_ = 0;  // samples
  bool leap_ = true;
  bool restarted_ = false;  // the stream, since the last audio
  bool in_key_ = false;     // the last packet was of a key: what is lost is no audio
  Nanos last_packet_{0};
  unsigned on_grid_ = 0;  // packets, up to `settled`
  Nanos arrival_{0};      // smoothed
  std::uint64_t malformed_ = 0;
  std::uint64_t ahead_ = 0;              // dropped, for they came in too great a lead
  std::optional<Nanos> dropping_since_;  // all of them
};

}  // namespace parley::rtp
