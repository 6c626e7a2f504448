#include "plugins/rtp/jitter_buffer.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace parley::rtp {
namespace {

constexpr Nanos per_sample = 125us;  // all payloads here have a clock of 8 kHz

int distance(std::uint16_t from, std::uint16_t to) { return std::int16_t(to - from); }

}  // namespace

void JitterBuffer::put(const Packet& packet, Nanos now) {
  if (!believes(packet)) {
    ++counters_.stray;
    return;
  }
  ++counters_.received;
  measure(packet, now);
  const int ahead = distance(expected_, packet.sequence);
  if (ahead < 0) return count_old(-ahead);
  if (ahead > 0) ++counters_.early;
  if (ahead >= int(capacity)) return keep(beyond_.emplace(), packet, now);
  auto& place = slot(packet.sequence);
  if (place.full) {
    ++counters_.duplicates;
    return;
  }
  keep(place, packet, now);
  ++held_;
}

std::optional<JitterBuffer::Out> JitterBuffer::next(Nanos now) {
  if (held_ > 0) {
    if (auto& first = slot(expected_); first.full) return give(first);
    if (!beyond_ && now < *deadline()) return {};
    ++counters_.lost;
    advance(false);
    return Out{.lost = true};
  }
  if (beyond_) return leap();
  return {};
}

std::optional<Nanos> JitterBuffer::deadline() const {
  if (held_ == 0) return {};
  auto sequence = expected_;
  while (!slots_[sequence % capacity].full) ++sequence;
  return slots_[sequence % capacity].arrived + wait();
}

Nanos JitterBuffer::wait() const { return std::clamp(2 * jitter_, shortest_wait, longest_wait); }

void JitterBuffer::keep(Slot& slot, const Packet& packet, Nanos now) {
  slot.full = true;
  slot.arrived = now;
  slot.packet = packet;
  slot.payload.assign(packet.payload.begin(), packet.payload.end());
  slot.packet.payload = slot.payload;
}

bool JitterBuffer::believes(const Packet& packet) {
  if (!running_) {
    restart(packet);
    return true;
  }
  if (packet.ssrc == ssrc_ && std::abs(distance(expected_, packet.sequence)) <= longest_leap) {
    candidate_.reset();
    return true;
  }
  if (candidate_ && candidate_->ssrc == packet.ssrc && candidate_->sequence == packet.sequence) {
    restart(packet);
    return true;
  }
  candidate_ = Candidate{packet.ssrc, std::uint16_t(packet.sequence + 1)};
  return false;
}

void JitterBuffer::restart(const Packet& packet) {
  for (auto& s : slots_) s.full = false;
  counters_.late += held_ + (beyond_ ? 1 : 0);  // of the old stream, no longer wanted
  held_ = 0;
  beyond_.reset();
  running_ = fresh_ = true;
  ssrc_ = packet.ssrc;
  expected_ = packet.sequence;
  came_ = 0;
  candidate_.reset();
  transit_.reset();
  jitter_ = {};
}

void JitterBuffer::measure(const Packet& packet, Nanos now) {
  if (transit_ && packet.timestamp == measured_) return;  // a telephone event goes on
  measured_ = packet.timestamp;
  const Nanos transit = now - per_sample * std::int64_t(packet.timestamp);
  if (transit_) {
    const Nanos change = std::chrono::abs(transit - *transit_);
    if (change < 1s) jitter_ += (change - jitter_) / 16;  // beyond: the sender was silent
  }
  transit_ = transit;
}

void JitterBuffer::count_old(int behind) {
  const bool known = behind <= 64;
  const std::uint64_t bit = known ? std::uint64_t(1) << (behind - 1) : 0;
  if (known && (came_ & bit)) {
    ++counters_.duplicates;
    return;
  }
  ++counters_.late;
  if (counters_.lost > 0) --counters_.lost;
  came_ |= bit;
}

void JitterBuffer::advance(bool came) {
  ++expected_;
  came_ = came_ << 1 | (came ? 1 : 0);
}

JitterBuffer::Out JitterBuffer::give(Slot& slot) {
  slot.full = false;
  --held_;
  advance(true);
  return {.restart = std::exchange(fresh_, false), .packet = slot.packet};
}

// Too much is missing to be made up packet by packet: go on where the stream goes on.
JitterBuffer::Out JitterBuffer::leap() {
  auto& first = slot(beyond_->packet.sequence);
  std::swap(first, *beyond_);
  beyond_.reset();
  first.packet.payload = first.payload;
  ++held_;
  const int missing = distance(expected_, first.packet.sequence);
  counters_.lost += std::uint64_t(missing);
  expected_ = first.packet.sequence;
  came_ = missing < 64 ? came_ << missing : 0;
  return give(first);
}

}  // namespace parley::rtp
