#include "plugins/rtp/receiver.hpp"

#include <algorithm>
#include <utility>

#include "plugins/rtp/g711.hpp"

namespace parley::rtp {
namespace {

constexpr Nanos per_sample = 125us;
constexpr std::size_t frame = 160;
constexpr Nanos frame_time = 20ms;
constexpr int quiet = 130;  // about -48 dB

Nanos time_of(std::size_t samples) { return per_sample * std::int64_t(samples); }
bool is_quiet(std::span<const std::int16_t> samples) {
  return std::all_of(samples.begin(), samples.end(), [](int s) { return s > -quiet && s < quiet; });
}
std::size_t samples_in(Nanos time) { return time <= Nanos(0) ? 0 : std::size_t(time / per_sample); }

}  // namespace

void Receiver::packet(std::span<const std::uint8_t> datagram, const Address& from,
                      const Address& announced, Nanos now) {
  if (is_rtcp(datagram)) return;
  const auto packet = parse(datagram);
  if (!packet || !is_sound(*packet, from)) {
    ++malformed_;
    return;
  }
  const auto before = latch_.source();
  if (!latch_.believes(from, announced, *packet, now)) return;
  if (latch_.source() != before) listener_.on_source(from);
  if (!before) listener_.on_first(from, packet->payload_type);
  last_packet_ = now;
  note_arrival(*packet, now);
  jitter_.put(*packet, now);
  drain(now);
}

bool Receiver::is_sound(const Packet& packet, const Address& from) const {
  if (g711::law_of(packet.payload_type))
    return !packet.payload.empty() && packet.payload.size() <= longest_audio;
  // Other types are no reason to believe a sender; from the far end they may be comfort noise.
  return packet.payload_type == dtmf_payload_type_ || from == latch_.source();
}

void Receiver::tick(Nanos now) {
  drain(now);
  if (const auto press = dtmf_.tick(now)) listener_.on_key(*press);
  while (fill_at() && now >= *fill_at()) {
    if (now - end_ > longest_fill) catch_up(end_ + now - *fill_at(), true);
    fill(frame);
    waiting_ += frame;
  }
}

std::optional<Nanos> Receiver::deadline() const {
  std::optional<Nanos> first;
  const auto consider = [&](std::optional<Nanos> t) {
    if (t && (!first || *t < *first)) first = t;
  };
  consider(jitter_.deadline());
  consider(dtmf_.deadline());
  consider(fill_at());
  return first;
}

// The packet that continues the timeline was due and has been waited for. Behind a gap the jitter
// buffer says when.
std::optional<Nanos> Receiver::fill_at() const {
  if (!any_ || jitter_.deadline()) return {};
  return end_ + behind_ + step_ + jitter_.patience();
}

Receiver::Counters Receiver::counters() const {
  const auto& j = jitter_.counters();
  return {.received = j.received,
          .lost = j.lost,
          .late = j.late + ahead_,
          .malformed = malformed_ + dtmf_.malformed(),
          .foreign = latch_.foreign() + j.stray,
          .concealed_ms = std::uint64_t(to_ms(time_of(concealed_)))};
}

void Receiver::drain(Nanos now) {
  while (const auto out = jitter_.next(now)) {
    if (out->lost) {
      lost();
    } else if (g711::law_of(out->packet.payload_type)) {
      audio(*out);
    } else if (out->packet.payload_type == dtmf_payload_type_) {
      key_packet(out->packet, now);
    }  // else comfort noise and the like: the timeline is filled up without it
  }
}

void Receiver::lost() {
  if (!any_ || in_key_) return;
  const auto samples = std::max<std::size_t>(concealment_.last_size(), 1);
  const auto made_up = std::min(samples, waiting_);  // while it was waited for
  waiting_ -= made_up;
  fill(samples - made_up);
  concealed_ += samples;
  expected_ += std::uint32_t(samples);
}

void Receiver::key_packet(const Packet& packet, Nanos now) {
  in_key_ = true;
  for (const auto& press : dtmf_.packet(packet.timestamp, packet.payload, now))
    listener_.on_key(press);
}

// The timeline goes by when a packet was due, not by when it came: the network's unevenness is not
// in it.
void Receiver::audio(const JitterBuffer::Out& out) {
  in_key_ = false;
  const auto& packet = out.packet;
  const auto size = packet.payload.size();
  const Nanos start = std::max(out.due - time_of(size), Nanos(0));
  const auto gap = std::int32_t(packet.timestamp - expected_);
  if (!any_) {
    any_ = true;
    end_ = start;
  } else if (out.restart) {
    catch_up(start, true);
  } else if (gap > 0) {
    catch_up(std::min(start, end_ + time_of(std::size_t(gap))), false);
  } else {
    concealed_ += waiting_;  // it came at last, and is heard as well
  }
  waiting_ = 0;
  expected_ = packet.timestamp + std::uint32_t(size);
  step_ = time_of(size);
  const auto samples = std::span(decoded_).first(size);
  g711::decode(*g711::law_of(packet.payload_type), packet.payload, samples);
  const Nanos lead = end_ - start;
  if (lead > longest_lead)
    ++ahead_;
  else if (lead <= worked_off || !is_quiet(samples))
    hear(samples, lead);
  behind_ = out.due - end_;
}

// Where nothing is said a lag is made up for, as a lead is worked off: clocks drift.
void Receiver::hear(std::span<std::int16_t> samples, Nanos lead) {
  concealment_.heard(samples);
  emit(samples);
  if (lead < -longest_lag || (lead < -frame_time && is_quiet(samples))) fill(frame);
}

// Brings the timeline to `to`, by silence or, where that would be long, by a leap.
void Receiver::catch_up(Nanos to, bool may_leap) {
  if (to - end_ > longest_fill || (may_leap && to > end_)) {
    end_ = to;
    leap_ = true;
    return;
  }
  fill(samples_in(to - end_));
}

void Receiver::fill(std::size_t samples) {
  while (samples > 0) {
    const auto part = std::span(decoded_).first(std::min(samples, frame));
    concealment_.fill(part);
    emit(part);
    samples -= part.size();
  }
}

void Receiver::emit(std::span<const std::int16_t> samples) {
  const Nanos start = end_;
  end_ += time_of(samples.size());
  listener_.on_audio(start, samples, std::exchange(leap_, false));
}

// The mean of the arrivals' place on a grid of 20 ms, as a moment close to the last one.
void Receiver::note_arrival(const Packet& packet, Nanos now) {
  if (!g711::law_of(packet.payload_type)) return;
  if (packet.payload.size() % frame != 0) {
    arrival_.reset();
    return;
  }
  if (!arrival_) {
    arrival_ = now;
    return;
  }
  const Nanos expected = *arrival_ + (now - *arrival_ + frame_time / 2) / frame_time * frame_time;
  arrival_ = expected + (now - expected) / 16;
}

}  // namespace parley::rtp
