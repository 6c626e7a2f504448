// call_watch: how good a call is, and what is wrong with it: RTCP, the figures from it, and the
// diagnosis of missing audio.
//
// Threads: the call's loop.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plugins/rtp/diagnosis.hpp"
#include "plugins/rtp/mos.hpp"
#include "plugins/rtp/receiver.hpp"
#include "plugins/rtp/rtcp_link.hpp"

namespace parley::rtp {

// What the event media.quality says; below zero: not known.
struct CallQuality {
  RtcpSession::Quality way{};
  double mos = -1;      // of what we hear
  double far_mos = -1;  // of what the far end hears
};

class CallWatch {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_quality(const CallQuality& quality) = 0;  // every 5 s at most
    virtual void on_finding(const Diagnosis::Finding& finding) = 0;
    virtual CallFacts facts() = 0;
  };

  CallWatch(Listener& listener, CallMedia& call, std::uint64_t seed, Nanos now,
            std::int64_t utc_us);

  void packet(const Packet& packet, const Receiver::Listener::Meaning& meaning, const Modes& modes,
              Nanos now);
  void audio(std::span<const std::int16_t> samples) { diagnosis_.audio(samples); }
  void rtcp(std::span<const std::uint8_t> datagram, const Address& from, const Address& source,
            Nanos now) {
    link_.received(datagram, from, source, now);
  }
  Nanos next() const;  // when tick() has something to do
  void tick(Nanos now);
  void leave(Nanos now);  // says BYE

  // Why nothing is heard, by what is known now; empty: nothing is known. `told`: it was a finding.
  std::string why_silent(Nanos now);
  bool told() const { return told_; }
  const RtcpSession& rtcp() const { return link_.session(); }
  double mean_mos() const;  // of what we hear, over the call; below zero: not known

 private:
  static constexpr Nanos look_every = 5s, own_delay = 40ms;  // a packet, and what jitter takes

  CallFacts facts();
  CallQuality quality() const;

  Listener& listener_;
  RtcpLink link_;
  Diagnosis diagnosis_;
  Listening heard_{};  // by what came last; the far end is taken to hear the same codec
  Nanos next_look_;
  Nanos next_quality_;
  double mos_sum_ = 0;
  int mos_count_ = 0;
  bool told_ = false;
};

}  // namespace parley::rtp
