#include "plugins/rtp/rtp_sender.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "engine/base/assert.hpp"

namespace parley::rtp {

RtpSender::RtpSender(Listener& listener, std::uint64_t seed) : listener_(listener) {
  std::mt19937_64 random(seed);
  sequence_ = std::uint16_t(random());
  timestamp_ = std::uint32_t(random());
  ssrc_ = std::uint32_t(random());
}

void RtpSender::use(PayloadMap map, unsigned packet_ms) {
  next_ = Stream{.map = std::move(map), .packet_ms = packet_ms};
  if (!half()) change();
}

void RtpSender::change() {
  auto stream = std::exchange(next_, {});
  const auto before = encoder_ ? map_.codec() : PayloadType{};
  map_ = std::move(stream->map);
  const auto& now = map_.codec();
  packet_ms_ = rtp::packet_ms(*now.codec, stream->packet_ms);
  if (!encoder_ || before.codec != now.codec || before.params != now.params) {
    rate_ = now.codec->encoded_rate(now.params);
    encoder_ = now.codec->encoder(rate_, now.params);
    PARLEY_ASSERT(encoder_);
    if (complexity_ >= 0) encoder_->set_complexity(complexity_);
    if (expected_loss_ >= 0) encoder_->set_expected_loss(expected_loss_);
    encoder_->request_mode(mode_);
    encoder_->set_dtx(dtx_);
  }
  type_ = now.type;
  clock_rate_ = now.clock_rate;
  packet_samples_ = std::size_t(rate_) * packet_ms_ / 1000;
  pending_.reserve(packet_samples_);
}

void RtpSender::set_complexity(int complexity) {
  if (std::exchange(complexity_, complexity) != complexity && encoder_)
    encoder_->set_complexity(complexity);
}

void RtpSender::set_expected_loss(int percent) {
  if (std::exchange(expected_loss_, percent) != percent && encoder_)
    encoder_->set_expected_loss(percent);
}

void RtpSender::request_mode(std::optional<int> mode) {
  if (std::exchange(mode_, mode) != mode && encoder_) encoder_->request_mode(mode);
}

void RtpSender::set_dtx(bool dtx) {
  if (std::exchange(dtx_, dtx) != dtx && encoder_) encoder_->set_dtx(dtx);
}

void RtpSender::push(std::span<const std::int16_t> frame, unsigned rate, bool talking) {
  if (next_ && !half()) change();
  spurt_ = half() ? spurt_ || talking : talking;
  frame = at_rate_.convert(frame, rate, rate_);
  while (!frame.empty()) {
    const auto part = frame.first(std::min(frame.size(), packet_samples_ - pending_.size()));
    frame = frame.subspan(part.size());
    if (part.size() == packet_samples_) {
      finish_packet(part);
      continue;
    }
    pending_.insert(pending_.end(), part.begin(), part.end());
    if (pending_.size() < packet_samples_) continue;
    finish_packet(pending_);
    pending_.clear();
  }
}

void RtpSender::finish_packet(std::span<const std::int16_t> samples) {
  std::array<std::uint8_t, longest_payload> payload;
  const auto size = encoder_->encode(samples, payload);
  if (size > 0) send(type_, spurt_ && !talking_, timestamp_, std::span(payload).first(size));
  talking_ = spurt_ && size > 0;
  timestamp_ += std::uint32_t(std::uint64_t(samples.size()) * clock_rate_ / rate_ + passed_);
  passed_ = 0;
}

void RtpSender::pass(Nanos time) {
  const auto ticks = std::uint64_t(time.count()) * clock_rate_ / std::uint64_t(Nanos(1s).count());
  if (half())
    passed_ += ticks;
  else
    timestamp_ += std::uint32_t(ticks);
}

bool RtpSender::press(std::string_view keys) {
  return map_.events(clock_rate_) && keys_.press(keys);
}

void RtpSender::push_key(Nanos step) {
  const auto* events = map_.events(clock_rate_);
  const auto event = keys_.tick(step, events ? events->clock_rate : clock_rate_);
  if (event && event->first) {
    if (half()) {  // what was begun goes ahead
      pending_.resize(packet_samples_);
      finish_packet(pending_);
      pending_.clear();
    }
    key_timestamp_ = timestamp_;
  }
  if (event && events) send(events->type, event->first, key_timestamp_, event->payload);
  pass(step);
}

void RtpSender::send(int type, bool marker, std::uint32_t timestamp,
                     std::span<const std::uint8_t> payload) {
  std::array<std::uint8_t, header_size + longest_payload> bytes;
  const auto size = write({.marker = marker,
                           .payload_type = std::uint8_t(type),
                           .sequence = sequence_++,
                           .timestamp = timestamp,
                           .ssrc = ssrc_,
                           .payload = payload},
                          bytes);
  listener_.on_packet(std::span(bytes).first(size));
}

}  // namespace parley::rtp
