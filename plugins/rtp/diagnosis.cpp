#include "plugins/rtp/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley::rtp {
namespace {

constexpr int quiet = 40;  // of 32768: -58 dB, and the codes of silence of every codec

}  // namespace

const char* to_string(Diagnosis::Cause cause) {
  using enum Diagnosis::Cause;
  switch (cause) {
    case none:
      return "none";
    case no_rtp:
      return "no_rtp";
    case other_address:
      return "other_address";
    case undecryptable:
      return "undecryptable";
    case wrong_payload_type:
      return "wrong_payload_type";
    case comfort_noise_only:
      return "comfort_noise_only";
    case silence_only:
      return "silence_only";
    case far_end_hears_nothing:
      return "far_end_hears_nothing";
  }
  return "none";
}

void Diagnosis::packet(Kind kind, int payload_type, Nanos now) {
  if (first_ < Nanos(0)) first_ = now;
  if (kind == Kind::voice) ++voice_;
  if (kind == Kind::comfort_noise) ++comfort_;
  if (kind == Kind::unknown) {
    ++unknown_;
    unknown_type_ = payload_type;
  }
}

void Diagnosis::audio(std::span<const std::int16_t> samples) {
  loud_ = loud_ || std::ranges::any_of(samples, [](int s) { return s > quiet || s < -quiet; });
}

std::optional<Diagnosis::Finding> Diagnosis::look(const CallFacts& facts, Nanos now) {
  if (!started_) started_ = now;
  const auto cause = find(facts, now);
  const auto bit = 1u << unsigned(cause);
  if (cause == Cause::none || (told_ & bit)) return {};
  told_ |= bit;
  return Finding{cause, sentence(cause, facts, now)};
}

std::string Diagnosis::why_silent(const CallFacts& facts, Nanos now) const {
  const auto cause = find(facts, now);
  if (cause == Cause::none || cause >= Cause::other_address) return {};
  return sentence(cause, facts, now);
}

Diagnosis::Cause Diagnosis::find(const CallFacts& facts, Nanos now) const {
  const Nanos age = now - started_.value_or(now);
  if (facts.held || age < patience) return Cause::none;
  if (facts.believed == 0 && unknown_ == 0)
    return facts.undecryptable ? Cause::undecryptable : Cause::no_rtp;
  if (voice_ == 0 && comfort_ == 0 && unknown_ > 0) return Cause::wrong_payload_type;
  const Nanos heard = now - first_;
  if (voice_ == 0 && comfort_ > 0 && heard >= quiet_patience) return Cause::comfort_noise_only;
  if (voice_ > 0 && !loud_ && heard >= quiet_patience) return Cause::silence_only;
  if (facts.far_reports && !facts.far_hears && facts.sent > 100)
    return facts.announced && facts.source != facts.announced ? Cause::other_address
                                                              : Cause::far_end_hears_nothing;
  return Cause::none;
}

std::string Diagnosis::no_rtp(const CallFacts& f, double seconds) {
  const auto expected = f.announced ? " from " + to_string(f.announced) : std::string();
  auto line =
      fmt::format("no RTP arrived{} at {} within {:.3g} s", expected, to_string(f.local), seconds);
  if (f.malformed) line += fmt::format("; {} datagrams came that were not our RTP", f.malformed);
  return line;
}

std::string Diagnosis::sentence(Cause cause, const CallFacts& f, Nanos now) const {
  const auto local = to_string(f.local);
  const double seconds = double(to_ms(now - started_.value_or(now))) / 1000;
  const auto expected = f.announced ? " from " + to_string(f.announced) : std::string();
  switch (cause) {
    case Cause::none:
      return {};
    case Cause::no_rtp:
      return no_rtp(f, seconds);
    case Cause::other_address:
      return fmt::format(
          "the far end reports that nothing of our {} packets has arrived: its RTP comes from {} "
          "although {} was announced, and ours go to where it comes from",
          f.sent, to_string(f.source), to_string(f.announced));
    case Cause::undecryptable:
      return fmt::format(
          "the call is SRTP, but none of {} packets{} at {} can be decrypted: the far end uses "
          "another key, or sends plain RTP",
          f.undecryptable, expected, local);
    case Cause::wrong_payload_type:
      return fmt::format(
          "RTP at {} has payload type {}, which was not negotiated: {} packets are not heard",
          local, unknown_type_, unknown_);
    case Cause::comfort_noise_only:
      return fmt::format(
          "RTP from {} holds only comfort noise: the far end is muted, or hears nobody",
          to_string(f.source));
    case Cause::silence_only:
      return fmt::format(
          "RTP from {} holds only silence: the far end is muted, or has no microphone",
          to_string(f.source));
    case Cause::far_end_hears_nothing:
      return fmt::format(
          "the far end reports that nothing of our {} packets to it has arrived: a firewall or NAT "
          "on the way, or {} is not where it listens",
          f.sent, to_string(f.source));
  }
  return {};
}

}  // namespace parley::rtp
