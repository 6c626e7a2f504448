// rtcp_session: what one call says by RTCP and when, and what the two ends know of each other by
// it.
//
// Reports leave every five seconds on average, a random part more or less so that calls that began
// together don't report together, and the first after half of that (RFC 3550, 6.2 and A.7, for two
// parties, whose reports are far below 5 % of any call's bandwidth). The round trip is the time
// from our report to the far end's answer less what it kept it (6.4.1).
//
// Threads: pure. `now` is the loop's; the wall clock is only asked for once, so that a step of it
// does no harm.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>

#include "plugins/rtp/reception.hpp"
#include "plugins/rtp/rtcp.hpp"
#include "plugins/rtp/sent_rtp.hpp"

namespace parley::rtp {

class RtcpSession {
 public:
  static constexpr Nanos interval = 5s;

  // What is known of a call's way; below zero: not known.
  struct Quality {
    double lost_percent = 0;  // of the far end's packets, since the report before
    double jitter_ms = 0;
    double round_trip_ms = -1;
    double far_lost_percent = -1;  // of our packets, as the far end says
    double far_jitter_ms = -1;
  };

  struct Counters {
    std::uint64_t sent = 0, received = 0, malformed = 0;
  };

  RtcpSession(std::uint64_t seed, std::string cname, Nanos now, std::int64_t utc_us);

  void heard(const Packet& packet, Nanos now, unsigned clock_rate) {
    reception_.note(packet, now, clock_rate);
  }
  // A datagram of RTCP that the far end sent.
  void received(std::span<const std::uint8_t> datagram, const SentRtp& ours, Nanos now);

  Nanos next() const { return next_; }  // when report() is due
  // The report of now; valid until the next call. `bye`: the last one.
  std::span<const std::uint8_t> report(const SentRtp& ours, Nanos now, bool bye = false);

  const Quality& quality() const { return quality_; }
  const Counters& counters() const { return counters_; }
  const std::optional<ReportBlock>& far_block() const { return far_block_; }  // the last about us
  bool far_left() const { return far_left_; }                                 // it said BYE
  // How many reports in a row knew of no packet of ours that came.
  int deaf_reports() const { return deaf_reports_; }
  std::uint64_t heard_packets() const { return reception_.packets(); }
  // How many of our packets the far end says never came to it; below zero: it has not said.
  std::int64_t far_lost() const { return far_block_ ? far_block_->lost : -1; }

 private:
  std::uint64_t ntp(Nanos now) const;
  Nanos spread(Nanos mean);

  std::minstd_rand random_;
  const std::string cname_;
  const Nanos started_;
  const std::int64_t started_utc_us_;
  Nanos next_;
  Reception reception_;
  std::uint32_t ssrc_ = 0;  // ours, while nothing was sent
  std::uint32_t last_sr_ = 0;
  Nanos last_sr_at_{0};
  std::uint32_t sent_before_ = 0;
  std::optional<ReportBlock> far_block_{};
  bool far_left_ = false;
  int deaf_reports_ = 0;
  Quality quality_{};
  Counters counters_{};
  std::array<std::uint8_t, longest_rtcp> bytes_{};
};

}  // namespace parley::rtp
