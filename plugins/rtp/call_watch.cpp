#include "plugins/rtp/call_watch.hpp"

#include <algorithm>
#include <utility>

namespace parley::rtp {
namespace {

constexpr int deaf_reports = 2;  // in a row that know nothing of our packets

Diagnosis::Kind to_kind(Receiver::Listener::Kind kind) {
  using From = Receiver::Listener::Kind;
  switch (kind) {
    case From::voice:
      return Diagnosis::Kind::voice;
    case From::comfort_noise:
      return Diagnosis::Kind::comfort_noise;
    case From::key:
      return Diagnosis::Kind::key;
    case From::unknown:
      return Diagnosis::Kind::unknown;
  }
  return Diagnosis::Kind::unknown;
}

}  // namespace

CallWatch::CallWatch(Listener& listener, CallMedia& call, std::uint64_t seed, Nanos now,
                     std::int64_t utc_us)
    : listener_(listener),
      link_(call, seed, now, utc_us),
      next_look_(now + look_every),
      next_quality_(now + RtcpSession::interval) {
  (void)diagnosis_.look({}, now);  // patience begins here
}

void CallWatch::packet(const Packet& packet, const Receiver::Listener::Meaning& meaning,
                       const Modes& modes, Nanos now) {
  diagnosis_.packet(to_kind(meaning.kind), packet.payload_type, now);
  link_.heard(packet, now, meaning.clock_rate);
  if (!meaning.codec) return;
  if (std::exchange(heard_.codec, meaning.codec->name) != meaning.codec->name) heard_.mode.reset();
  heard_.rate = meaning.rate;
  if (modes.spoken) heard_.mode = modes.spoken;
}

Nanos CallWatch::next() const {
  return link_.works() ? std::min(next_look_, link_.next()) : next_look_;
}

void CallWatch::tick(Nanos now) {
  if (link_.works() && now >= link_.next()) {
    link_.report(now);
    const auto seen = quality();
    if (seen.mos >= 0) {
      mos_sum_ += seen.mos;
      ++mos_count_;
    }
    if (now >= next_quality_) {
      next_quality_ = now + RtcpSession::interval;
      listener_.on_quality(seen);
    }
  }
  if (now < next_look_) return;
  next_look_ = now + look_every;
  if (const auto finding = diagnosis_.look(facts(), now)) {
    told_ = true;
    listener_.on_finding(*finding);
  }
}

void CallWatch::leave(Nanos now) {
  if (link_.works()) link_.report(now, true);
}

std::string CallWatch::why_silent(Nanos now) { return diagnosis_.why_silent(facts(), now); }

double CallWatch::mean_mos() const { return mos_count_ ? mos_sum_ / mos_count_ : -1; }

CallFacts CallWatch::facts() {
  auto facts = listener_.facts();
  facts.far_reports = rtcp().counters().received >= deaf_reports;
  facts.far_hears = rtcp().deaf_reports() < deaf_reports;
  return facts;
}

CallQuality CallWatch::quality() const {
  CallQuality out{.way = rtcp().quality()};
  auto listening = heard_;
  listening.delay = Nanos(std::int64_t(std::max(out.way.round_trip_ms, 0.0) * 0.5e6)) + own_delay;
  listening.loss_percent = out.way.lost_percent;
  if (rtcp().heard_packets() > 0) out.mos = mean_opinion_score(listening);
  listening.loss_percent = out.way.far_lost_percent;
  if (out.way.far_lost_percent >= 0) out.far_mos = mean_opinion_score(listening);
  return out;
}

}  // namespace parley::rtp
