#include "plugins/rtp/jitter_buffer.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/base/assert.hpp"

namespace parley::rtp {
namespace {

int distance(std::uint16_t from, std::uint16_t to) { return std::int16_t(to - from); }

}  // namespace

void JitterBuffer::put(const Packet& packet, Nanos now) {
  PARLEY_ASSERT(!passing_);
  if (!believes(packet, now)) {
    ++counters_.stray;
    return;
  }
  last_ = now;
  ++counters_.received;
  const Nanos due = measure(packet, now);
  const int ahead = distance(expected_, packet.sequence);
  if (ahead < 0) return count_old(-ahead, packet.sequence, now);
  if (ahead == 0) {
    measure_order(packet.sequence, now);
    passing_ = Out{.due = due, .packet = packet};
    return;
  }
  if (ahead < int(capacity) && slot(packet.sequence).full) {
    ++counters_.duplicates;
    return;
  }
  ++counters_.early;
  measure_order(packet.sequence, now);
  if (ahead >= int(capacity)) return keep(beyond_.emplace(Slot{}), packet, due);
  keep(slot(packet.sequence), packet, due);
  ++held_;
}

std::optional<JitterBuffer::Out> JitterBuffer::next(Nanos now) {
  if (passing_) {
    advance(true);
    passing_->restart = std::exchange(fresh_, false);
    return std::exchange(passing_, {});
  }
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
  return noticed_[expected_ % remembered] + wait();
}

Nanos JitterBuffer::wait() const {
  const auto least = disorder_.noted() < learned_after ? first_wait : shortest_wait;
  return std::clamp(disorder_.wait(), least, longest_wait);
}

Nanos JitterBuffer::patience() const {
  const auto least = delay_.noted() < learned_after ? first_patience : shortest_patience;
  return std::max(delay_.wait(), least);
}

void JitterBuffer::keep(Slot& slot, const Packet& packet, Nanos due) {
  slot.full = true;
  slot.due = due;
  slot.packet = packet;
  slot.payload.assign(packet.payload.begin(), packet.payload.end());
  slot.packet.payload = slot.payload;
}

bool JitterBuffer::believes(const Packet& packet, Nanos now) {
  if (!running_) {
    restart(packet);
    return true;
  }
  const int ahead = distance(expected_, packet.sequence);
  const bool near = packet.ssrc == ssrc_ && std::abs(ahead) <= longest_leap;
  const bool in_a_row =
      candidate_ && candidate_->ssrc == packet.ssrc && candidate_->sequence == packet.sequence;
  if (near && (ahead >= 0 || (!in_a_row && now - last_ <= patience()))) {
    candidate_.reset();
    return true;
  }
  if (in_a_row) {
    restart(packet);
    return true;
  }
  candidate_ = Candidate{packet.ssrc, std::uint16_t(packet.sequence + 1)};
  return near;  // alone it is late, or comes again
}

void JitterBuffer::restart(const Packet& packet) {
  for (auto& s : slots_) s.full = false;
  counters_.late += held_ + (beyond_ ? 1 : 0);  // of the old stream, no longer wanted
  held_ = 0;
  beyond_.reset();
  running_ = fresh_ = true;
  ssrc_ = packet.ssrc;
  expected_ = packet.sequence;
  highest_ = std::uint16_t(packet.sequence - 1);
  came_ = 0;
  noticed_.fill(Nanos::max());  // what was before was not missed
  candidate_.reset();
  arrivals_.restart();
}

// Answers when the packet was due.
Nanos JitterBuffer::measure(const Packet& packet, Nanos now) {
  const auto measured = arrivals_.note(packet.timestamp, now, clock_rate_);
  if (measured.sure) delay_.note(measured.delay);
  return now - measured.delay;
}

void JitterBuffer::measure_order(std::uint16_t sequence, Nanos now) {
  const int ahead = distance(highest_, sequence);
  if (ahead <= 0) return disorder_.note(now - noticed(sequence));
  disorder_.note({});
  for (int i = std::max(1, ahead - remembered); i < ahead; ++i)
    noticed(std::uint16_t(highest_ + i)) = now;
  highest_ = sequence;
}

void JitterBuffer::count_old(int behind, std::uint16_t sequence, Nanos now) {
  const bool known = behind <= remembered;
  const std::uint64_t bit = known ? std::uint64_t(1) << (behind - 1) : 0;
  if (known && (came_ & bit)) {
    ++counters_.duplicates;
    return;
  }
  ++counters_.late;
  if (counters_.lost > 0) --counters_.lost;
  came_ |= bit;
  if (bit && distance(highest_, sequence) < 0) disorder_.note(now - noticed(sequence));
}

void JitterBuffer::advance(bool came) {
  ++expected_;
  came_ = came_ << 1 | (came ? 1 : 0);
}

JitterBuffer::Out JitterBuffer::give(Slot& slot) {
  slot.full = false;
  --held_;
  advance(true);
  return {.restart = std::exchange(fresh_, false), .due = slot.due, .packet = slot.packet};
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
