#include "plugins/rtp/receiver.hpp"

#include <algorithm>
#include <utility>

#include "plugins/dsp/level.hpp"

namespace parley::rtp {
namespace {

constexpr Nanos frame_time = 20ms;
constexpr int comfort_noise_type = 13;  // RFC 3389

}  // namespace

Receiver::Receiver(Listener& listener, PayloadMap map)
    : listener_(listener), decoders_(std::move(map)) {
  const auto& first = decoders_.map().codec();
  rate_ = first.codec->decoded_rate(first.params);
  concealment_ = Concealment(rate_);
}

std::size_t Receiver::samples_in(Nanos time) const {
  return time <= Nanos(0) ? 0 : std::size_t(time * rate_ / Nanos(1s));
}

std::size_t Receiver::samples_of_ticks(std::uint32_t ticks) const {
  return std::size_t(std::uint64_t(ticks) * rate_ / clock_rate_);
}

void Receiver::packet(std::span<const std::uint8_t> datagram, const Address& from,
                      const Address& announced, Nanos now) {
  if (is_rtcp(datagram)) return;
  const auto packet = parse(datagram);
  if (!packet || !is_sound(*packet, from)) {
    ++malformed_;
    if (packet && !latch_.source() && !decoders_.map().find(packet->payload_type))
      tell(*packet, now);
    return;
  }
  const auto before = latch_.source();
  if (!latch_.believes(from, announced, *packet, now)) return;
  if (latch_.source() != before) listener_.on_source(from);
  if (!before) listener_.on_first(from, packet->payload_type);
  last_packet_ = now;
  note_arrival(*packet, now);
  if (const auto* line = decoders_.find(packet->payload_type))
    jitter_.set_clock_rate(line->clock_rate());
  tell(*packet, now);
  jitter_.put(*packet, now);
  drain(now);
}

bool Receiver::is_sound(const Packet& packet, const Address& from) {
  if (const auto* line = decoders_.find(packet.payload_type)) {
    const auto samples = line->samples(packet);
    return samples > 0 && samples <= line->rate / 5;  // 200 ms
  }
  // Other types are no reason to believe a sender; from the far end they may be comfort noise.
  return decoders_.map().find(packet.payload_type) || from == latch_.source();
}

void Receiver::tell(const Packet& packet, Nanos now) {
  using Kind = Listener::Kind;
  const int type = packet.payload_type;
  if (const auto* line = decoders_.find(type))
    return listener_.on_packet(packet,
                               {.kind = Kind::voice,
                                .clock_rate = line->clock_rate(),
                                .codec = line->type.codec,
                                .rate = line->rate},
                               now);
  const auto* meaning = decoders_.map().find(type);
  const auto kind = meaning                      ? Kind::key
                    : type == comfort_noise_type ? Kind::comfort_noise
                                                 : Kind::unknown;
  listener_.on_packet(
      packet, {.kind = kind, .clock_rate = meaning ? meaning->clock_rate : clock_rate_}, now);
}

void Receiver::tick(Nanos now) {
  drain(now);
  if (const auto press = dtmf_.tick(now)) listener_.on_key(*press);
  while (fill_at() && now >= *fill_at()) {
    if (now - end_ > longest_fill) catch_up(end_ + now - *fill_at(), true);
    fill(frame());
    waiting_ += frame();
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
    if (out->restart) begin_anew();
    if (out->lost) {
      ++lost_;
    } else if (decoders_.find(out->packet.payload_type)) {
      audio(*out, now);
    } else if (decoders_.map().find(out->packet.payload_type)) {
      conceal_lost({});
      key_packet(out->packet, now);
    } else if (out->packet.payload_type == comfort_noise_type) {
      concealment_.comfort(out->packet.payload);
    }  // the timeline is filled up without it
  }
  conceal_lost({});
}

void Receiver::begin_anew() {
  restarted_ = true;
  if (const auto press = dtmf_.restart()) listener_.on_key(*press);
}

// The last of them may be in the packet that follows (Opus).
void Receiver::conceal_lost(std::span<const std::uint8_t> next) {
  for (; lost_ > 0; --lost_) {
    if (!any_ || in_key_) continue;
    const auto made_up = std::min(step_samples_, waiting_);  // while it was waited for
    waiting_ -= made_up;
    if (lost_ == 1 && made_up == 0 && !next.empty()) {
      Decoded decoded;
      const auto all = std::span(decoded).first(step_samples_);
      if (conceal(all, next))
        emit(all);
      else
        fill(step_samples_);
    } else {
      fill(step_samples_ - made_up);
    }
    concealed_ += step_samples_;
    expected_ += std::uint32_t(std::uint64_t(step_samples_) * clock_rate_ / rate_);
  }
}

bool Receiver::conceal(std::span<std::int16_t> out, std::span<const std::uint8_t> next) {
  auto* line = decoders_.find(type_);
  return !held_ && line && line->rate == rate_ && line->decoder->conceal(out, next);
}

// Another codec has other samples and perhaps other ticks: then answers true.
bool Receiver::switch_to(int payload_type) {
  if (payload_type == type_) return false;
  conceal_lost({});
  type_ = payload_type;
  auto* line = decoders_.find(payload_type);
  take_rate(line->rate);
  if (any_) {
    Decoders::renew(*line);
    concealment_.turn(line->type.codec->silence_us * rate_ / 1'000'000);
  }
  return std::exchange(clock_rate_, line->clock_rate()) != line->clock_rate();
}

// The first codec's, whatever was agreed on; then it only rises.
void Receiver::take_rate(unsigned rate) {
  if (rate == rate_ || (any_ && rate < rate_)) return;
  if (any_) {
    concealment_.widen();
    waiting_ *= 2;
  } else {
    concealment_ = Concealment(rate);
  }
  rate_ = rate;
}

void Receiver::key_packet(const Packet& packet, Nanos now) {
  in_key_ = true;
  const auto* type = decoders_.map().find(packet.payload_type);
  for (const auto& press : dtmf_.packet(packet.timestamp, packet.payload, now, type->clock_rate))
    listener_.on_key(press);
}

// The timeline goes by when a packet was due, not by when it came: the network's unevenness is not
// in it.
void Receiver::audio(const JitterBuffer::Out& out, Nanos now) {
  in_key_ = false;
  const auto& packet = out.packet;
  const bool restart = std::exchange(restarted_, false);
  if (restart) decoders_.restart();
  const bool other_clock = switch_to(packet.payload_type);
  conceal_lost(packet.payload);
  auto* line = decoders_.find(packet.payload_type);
  const auto given = line->samples(packet);
  const auto size = given * rate_ / line->rate;
  const Nanos start = std::max(out.due - time_of(size), Nanos(0));
  const auto gap = std::int32_t(packet.timestamp - expected_);
  if (!any_) {
    any_ = true;
    end_ = start;
  } else if (restart || other_clock) {
    catch_up(start, restart);
  } else if (gap > 0) {
    catch_up(std::min(start, end_ + time_of(samples_of_ticks(std::uint32_t(gap)))), false);
  } else {
    concealed_ += waiting_;  // it came at last, and is heard as well
  }
  waiting_ = 0;
  expected_ = packet.timestamp + std::uint32_t(std::uint64_t(size) * clock_rate_ / rate_);
  step_samples_ = size;
  step_ = time_of(size);
  Decoded decoded;
  const auto samples = std::span(decoded).first(size);
  if (line->decoder->decode(packet.payload, samples.first(given)) == given) {
    const auto raised = raised_.convert(samples.first(given), line->rate, rate_);
    if (raised.data() != samples.data()) std::ranges::copy(raised, samples.begin());
  } else {
    ++malformed_;
    concealment_.fill(samples);
  }
  if (held_) std::ranges::fill(samples, std::int16_t(0));
  lead_ = end_ - start;
  if (lead_ > longest_lead) return drop(now);
  dropping_since_.reset();
  if (lead_ <= worked_off || !is_quiet(samples)) hear(samples, lead_);
  behind_ = out.due - end_;
}

// It came long after it had been made up for. When that goes on, the way has become longer for
// good.
void Receiver::drop(Nanos now) {
  ++ahead_;
  if (!dropping_since_) dropping_since_ = now;
  if (now - *dropping_since_ < longer_way_after) return;
  jitter_.accept_way();
  dropping_since_.reset();
}

// Where nothing is said a lag is made up for, as a lead is worked off: clocks drift.
void Receiver::hear(std::span<std::int16_t> samples, Nanos lead) {
  concealment_.heard(samples);
  emit(samples);
  if (lead < -longest_lag || (lead < -frame_time && is_quiet(samples))) fill(frame());
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
  Decoded decoded;
  while (samples > 0) {
    const auto part = std::span(decoded).first(std::min(samples, frame()));
    if (!conceal(part, {})) concealment_.fill(part);
    emit(part);
    samples -= part.size();
  }
}

void Receiver::emit(std::span<const std::int16_t> samples) {
  const Nanos start = end_;
  end_ += time_of(samples.size());
  listener_.on_audio(start, samples, rate_, std::exchange(leap_, false));
}

// The mean of the arrivals' place on a grid of 20 ms, as a moment close to the last one.
void Receiver::note_arrival(const Packet& packet, Nanos now) {
  const auto* line = decoders_.find(packet.payload_type);
  if (!line) return;
  if (line->samples(packet) % (line->rate / 50) != 0) {
    on_grid_ = 0;
    return;
  }
  if (on_grid_ == 0) arrival_ = now;
  on_grid_ = std::min(on_grid_ + 1, settled);
  const Nanos expected = arrival_ + (now - arrival_ + frame_time / 2) / frame_time * frame_time;
  arrival_ = expected + (now - expected) / 16;
}

}  // namespace parley::rtp
