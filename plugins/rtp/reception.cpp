#include "plugins/rtp/reception.hpp"

#include <algorithm>
#include <cstdlib>

namespace parley::rtp {
namespace {

constexpr Nanos longest_change = 1s;  // beyond, the sender was silent
constexpr int longest_leap = 3000;    // packets; beyond, it began anew

}  // namespace

void Reception::note(const Packet& packet, Nanos now, unsigned clock_rate) {
  ++packets_;
  const int ahead = std::int16_t(packet.sequence - sequence_);
  if (!any_ || packet.ssrc != ssrc_ || std::abs(ahead) > longest_leap) {
    any_ = true;
    ssrc_ = packet.ssrc;
    sequence_ = packet.sequence;
    base_ = sequence_;
    cycles_ = received_ = expected_before_ = received_before_ = 0;
    took_.reset();
    jitter_ = {};
  }
  ++received_;
  if (ahead > 0) {
    if (packet.sequence < sequence_) cycles_ += 0x10000;
    sequence_ = packet.sequence;
  }
  if (took_ && packet.timestamp == timestamp_ && clock_rate == clock_rate_) return;
  clock_rate_ = clock_rate;
  const auto elapsed =
      took_ ? std::int64_t(std::int32_t(packet.timestamp - timestamp_)) : std::int64_t(0);
  const Nanos arrival = now - Nanos(elapsed * 1'000'000'000 / std::int64_t(clock_rate));
  if (took_) {
    const Nanos change = std::chrono::abs(arrival - *took_);
    if (change < longest_change) jitter_ += (change - jitter_) / 16;
  }
  took_ = now;
  timestamp_ = packet.timestamp;
}

std::optional<ReportBlock> Reception::block() {
  if (!any_) return {};
  const std::uint32_t expected = highest() - base_ + 1;
  const auto expected_since = expected - expected_before_;
  const auto lost_since = std::int32_t(expected_since) - std::int32_t(received_ - received_before_);
  expected_before_ = expected;
  received_before_ = received_;
  const auto fraction =
      expected_since == 0 || lost_since <= 0
          ? 0
          : std::min<std::int64_t>(255, std::int64_t(lost_since) * 256 / expected_since);
  return ReportBlock{
      .ssrc = ssrc_,
      .fraction = std::uint8_t(fraction),
      .lost = std::int32_t(expected - received_),
      .highest = highest(),
      .jitter = std::uint32_t(jitter_.count() * std::int64_t(clock_rate_) / 1'000'000'000)};
}

Nanos Reception::jitter() const { return jitter_; }

}  // namespace parley::rtp
