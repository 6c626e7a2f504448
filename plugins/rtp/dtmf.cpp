#include "plugins/rtp/dtmf.hpp"

#include <algorithm>
#include <string_view>

namespace parley::rtp {
namespace {

constexpr std::string_view digits = "0123456789*#ABCD";  // in the order of RFC 4733, table 3

}  // namespace

KeyPress DtmfReceiver::end() {
  going_on_ = false;
  return {digit_, unsigned(duration_ * 1000ULL / clock_rate_)};
}

std::vector<KeyPress> DtmfReceiver::packet(std::uint32_t timestamp,
                                           std::span<const std::uint8_t> payload, Nanos now,
                                           unsigned clock_rate) {
  if (payload.size() < 4) {
    ++malformed_;
    return {};
  }
  if (payload[0] >= digits.size()) return {};  // flash and other signals are no keys
  const bool ended = payload[1] & 0x80;
  const unsigned duration = unsigned(payload[2] << 8 | payload[3]);

  if (any_ && std::int32_t(timestamp - timestamp_) < 0) return {};  // overtaken by the next press
  std::vector<KeyPress> pressed;
  if (!any_ || timestamp != timestamp_) {
    if (going_on_) pressed.push_back(end());
    any_ = going_on_ = true;
    timestamp_ = timestamp;
    digit_ = digits[payload[0]];
    duration_ = 0;
    clock_rate_ = clock_rate;
  }
  if (!going_on_) return {};  // a repetition of the end
  duration_ = std::max(duration_, duration);
  last_ = now;
  if (ended) pressed.push_back(end());
  return pressed;
}

std::optional<KeyPress> DtmfReceiver::restart() {
  any_ = false;
  if (!going_on_) return {};
  return end();
}

std::optional<Nanos> DtmfReceiver::deadline() const {
  if (!going_on_) return {};
  return last_ + silence_ends;
}

std::optional<KeyPress> DtmfReceiver::tick(Nanos now) {
  if (!going_on_ || now < last_ + silence_ends) return {};
  return end();
}

bool KeyGate::admits(char digit, Way way, Nanos now) {
  std::erase_if(single_, [&](const Press& p) { return now - p.at > same_within; });
  const auto same = std::ranges::find_if(
      single_, [&](const Press& p) { return p.digit == digit && p.way != way; });
  if (same != single_.end()) {
    single_.erase(same);
    return false;
  }
  if (single_.size() == most_remembered) single_.pop_front();
  single_.push_back({digit, way, now});
  return true;
}

}  // namespace parley::rtp
