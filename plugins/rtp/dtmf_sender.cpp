#include "plugins/rtp/dtmf_sender.hpp"

#include <algorithm>

namespace parley::rtp {
namespace {

constexpr std::string_view digits = "0123456789*#ABCD";  // in the order of RFC 4733, table 3
constexpr std::uint8_t end_bit = 0x80, volume = 10;      // dB below full scale

}  // namespace

bool DtmfSender::press(std::string_view keys) {
  const bool known =
      std::ranges::all_of(keys, [](char k) { return digits.find(k) != digits.npos; });
  if (!known || keys.size() + keys_.size() > most_keys) return false;
  keys_.insert(keys_.end(), keys.begin(), keys.end());
  return true;
}

std::optional<DtmfSender::Event> DtmfSender::tick(Nanos step, unsigned clock_rate) {
  if (keys_.empty()) return {};
  const bool first = sounded_ == Nanos(0);
  sounded_ += step;
  std::optional<Event> event;
  if (ends_ < ends_said) {
    const bool ended = sounded_ >= tone;
    ends_ += ended;
    const auto duration = std::min(sounded_, tone).count() * clock_rate / Nanos(1s).count();
    event = Event{.payload = {std::uint8_t(digits.find(keys_.front())),
                              std::uint8_t((ended ? end_bit : 0) | volume),
                              std::uint8_t(duration >> 8), std::uint8_t(duration)},
                  .first = first};
  }
  if (ends_ == ends_said && sounded_ >= tone + rest) {
    keys_.pop_front();
    sounded_ = {};
    ends_ = 0;
  }
  return event;
}

}  // namespace parley::rtp
