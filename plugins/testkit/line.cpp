#include "plugins/testkit/line.hpp"

#include <algorithm>
#include <utility>

namespace parley::testkit {
namespace {

constexpr Address sender{0x0a000002, 4000};
constexpr unsigned packet_ms = 20;
constexpr Nanos step = 1ms;  // of a receiver that stays due

}  // namespace

Line::Line(const NetSettings& settings, const rtp::PayloadMap& map, Out out)
    : out_(std::move(out)),
      net_(settings),
      sender_(static_cast<rtp::RtpSender::Listener&>(*this), settings.seed),
      receiver_(static_cast<rtp::Receiver::Listener&>(*this), map) {
  sender_.use(map, packet_ms);
}

void Line::send(Nanos end, std::span<const std::int16_t> frame, unsigned rate) {
  now_ = end;
  sender_.push(frame, rate, true);
  advance(end);
}

void Line::on_packet(std::span<const std::uint8_t> bytes) {
  const auto fate = net_.send(now_);
  for (const auto& arrival : {fate.arrives, fate.again})
    if (arrival) on_way_.emplace(*arrival, std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
}

void Line::finish() {
  while (!on_way_.empty()) advance(on_way_.begin()->first);
}

void Line::advance(Nanos to) {
  Nanos now{0};
  for (;;) {
    const auto due = receiver_.deadline();
    const bool arrives = !on_way_.empty() && (!due || on_way_.begin()->first <= *due);
    if (!arrives && !due) return;
    const auto next = std::max(arrives ? on_way_.begin()->first : *due, now);
    if (next > to) return;
    if (arrives)
      arrive(next);
    else
      receiver_.tick(next);
    now = arrives ? next : next + step;
  }
}

void Line::arrive(Nanos now) {
  const auto packet = std::move(on_way_.begin()->second);
  on_way_.erase(on_way_.begin());
  receiver_.packet(packet, sender, sender, now);
}

}  // namespace parley::testkit
