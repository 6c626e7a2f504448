#include "plugins/rtp/rtcp_session.hpp"

#include <algorithm>
#include <utility>

namespace parley::rtp {
namespace {

constexpr std::int64_t ntp_epoch_s = 2'208'988'800;  // from 1900 to 1970
constexpr double compensation = 1.21828;             // RFC 3550, 6.3.1: e - 3/2

std::uint32_t middle(std::uint64_t ntp) { return std::uint32_t(ntp >> 16); }
double compact_ms(std::uint32_t time) { return double(time) * 1000 / 65536; }
std::uint32_t to_compact(Nanos time) {
  return std::uint32_t(time.count() / 1000 * 65536 / 1'000'000);
}
std::uint32_t to_ticks(Nanos time, unsigned clock_rate) {
  return std::uint32_t(time.count() / 1000 * std::int64_t(clock_rate) / 1'000'000);
}

}  // namespace

RtcpSession::RtcpSession(std::uint64_t seed, std::string cname, Nanos now, std::int64_t utc_us)
    : random_(std::minstd_rand::result_type(seed ^ seed >> 32)),
      cname_(std::move(cname)),
      started_(now),
      started_utc_us_(utc_us),
      next_(now + spread(interval / 2)),
      ssrc_(std::uint32_t(random_())) {}

// From half to one and a half of the mean, as A.7 has it.
Nanos RtcpSession::spread(Nanos mean) {
  const double part = .5 + double(random_()) / double(std::minstd_rand::max());
  return Nanos(std::int64_t(double(mean.count()) * part / compensation));
}

std::uint64_t RtcpSession::ntp(Nanos now) const {
  const std::int64_t us = started_utc_us_ + (now - started_).count() / 1000;
  const auto seconds = std::uint64_t(us / 1'000'000 + ntp_epoch_s);
  return seconds << 32 | (std::uint64_t(us % 1'000'000) << 32) / 1'000'000;
}

void RtcpSession::received(std::span<const std::uint8_t> datagram, const SentRtp& ours, Nanos now) {
  const auto rtcp = parse_rtcp(datagram, ours.packets ? ours.ssrc : ssrc_);
  if (!rtcp) {
    ++counters_.malformed;
    return;
  }
  ++counters_.received;
  far_left_ = far_left_ || rtcp->bye;
  if (rtcp->sender) {
    last_sr_ = middle(rtcp->sender->ntp);
    last_sr_at_ = now;
  }
  const bool deaf = !rtcp->block || rtcp->block->fraction == 255;
  deaf_reports_ = deaf ? deaf_reports_ + 1 : 0;
  if (!rtcp->block) return;
  far_block_ = rtcp->block;
  quality_.far_lost_percent = rtcp->block->fraction * 100.0 / 256;
  quality_.far_jitter_ms = double(rtcp->block->jitter) * 1000 / ours.clock_rate;
  if (rtcp->block->last_sr == 0) return;
  const auto trip = middle(ntp(now)) - rtcp->block->last_sr - rtcp->block->since_sr;
  if (trip < 1u << 31 && compact_ms(trip) < 60'000) quality_.round_trip_ms = compact_ms(trip);
}

std::span<const std::uint8_t> RtcpSession::report(const SentRtp& ours, Nanos now, bool bye) {
  Rtcp out{.ssrc = ours.packets ? ours.ssrc : ssrc_,
           .block = reception_.block(),
           .cname = cname_,
           .bye = bye};
  if (ours.packets != std::exchange(sent_before_, ours.packets))
    out.sender = SenderInfo{.ntp = ntp(now),
                            .timestamp = ours.timestamp + to_ticks(now - ours.at, ours.clock_rate),
                            .packets = ours.packets,
                            .octets = ours.octets};
  if (out.block && last_sr_ != 0) {
    out.block->last_sr = last_sr_;
    out.block->since_sr = to_compact(now - last_sr_at_);
  }
  quality_.lost_percent = out.block ? out.block->fraction * 100.0 / 256 : 0;
  quality_.jitter_ms = double(reception_.jitter().count()) / 1e6;
  next_ = now + spread(interval);
  ++counters_.sent;
  return std::span(bytes_).first(write_rtcp(out, bytes_));
}

}  // namespace parley::rtp
