#include "tests/calls/provider.hpp"

#include <doctest/doctest.h>

#include "engine/base/base64.hpp"
#include "plugins/rtp/g711.hpp"
#include "tools/caller/packet.hpp"

namespace parley::test {

using media_stream::Dialect;
using nlohmann::json;

namespace {

constexpr std::size_t frame_bytes = 160;
constexpr std::string_view keys = "0123456789*#ABCD";

}  // namespace

Provider::Provider(VirtualEngine& engine, Options options)
    : engine_(engine), options_(std::move(options)) {}

void Provider::open() {
  const auto weak = weak_from_this();
  media_stream::Wire wire{.send =
                              [weak, this](std::string text, bool) {
                                engine_.loop().after(options_.network, [weak, text] {
                                  if (const auto me = weak.lock()) me->take(json::parse(text));
                                });
                                return true;
                              },
                          .close =
                              [weak, this](int code, const std::string& reason) {
                                if (const auto me = weak.lock(); !me || close_code) return;
                                close_code = code;
                                close_reason = reason;
                                over_ = true;
                              }};
  session_ = std::make_unique<media_stream::Session>(
      *options_.dialect, options_.agent, Address{0x7f000001, 8000}, Address{0x0a000002, 443},
      std::move(wire), [this](media_stream::Offer offer) { return engine_.calls().stream(offer); });
  if (is_twilio()) {
    say_raw(R"({"event":"connected","protocol":"Call","version":"1.0.0"})");
    say({{"event", "start"},
         {"start",
          {{"streamSid", "MZ1"},
           {"accountSid", "AC1"},
           {"callSid", "CA1"},
           {"tracks", {"inbound"}},
           {"mediaFormat", {{"encoding", "audio/x-mulaw"}, {"sampleRate", 8000}, {"channels", 1}}},
           {"customParameters", options_.parameters}}}});
  } else {
    say_raw(R"({"event":"connected","version":"1.0.0"})");
    say({{"event", "start"},
         {"start",
          {{"user_id", "u"},
           {"call_control_id", "v3:1"},
           {"call_session_id", "s"},
           {"from", "+15550100"},
           {"to", "+15550199"},
           {"client_state", "aGk="},
           {"tags", json::array()},
           {"media_format",
            {{"encoding", options_.l16_rate ? "L16" : "PCMU"},
             {"sample_rate", options_.l16_rate ? options_.l16_rate : 8000},
             {"channels", 1}}}}}});
  }
  tick();
}

void Provider::say(const json& body) {
  auto message = body;
  message[std::string(options_.dialect->stream_id)] = is_twilio() ? "MZ1" : "32DE";
  message[std::string(options_.dialect->sequence)] = std::to_string(++sequence_);
  say_raw(message.dump());
}

void Provider::say_raw(const std::string& text) {
  engine_.loop().after(options_.network, [weak = weak_from_this(), text] {
    if (const auto me = weak.lock()) me->deliver(text);
  });
}

void Provider::deliver(const std::string& text) {
  if (session_) session_->text(text);
}

void Provider::stop() {
  say({{"event", "stop"}, {"stop", {{"accountSid", "AC1"}, {"callSid", "CA1"}}}});
}

void Provider::disconnect() {
  over_ = true;
  if (session_) session_->closed();
  session_.reset();
}

bool Provider::send(std::span<const std::uint8_t> bytes, const Address&) {
  const auto packet = caller::parse_rtp(bytes);
  REQUIRE(packet);
  if (packet->header.payload_type == 101) {
    ++chunk_;
    if (packet->header.marker)
      say({{"event", "dtmf"},
           {"dtmf",
            {{"track", "inbound_track"}, {"digit", std::string(1, keys.at(packet->payload[0]))}}}});
    return true;
  }
  frame(packet->payload);
  return true;
}

void Provider::frame(std::span<const std::uint8_t> codes) {
  ++chunk_;
  const json message{{"event", "media"},
                     {"media",
                      {{"track", "inbound"},
                       {"chunk", std::to_string(chunk_)},
                       {"timestamp", std::to_string(5 + 20 * (chunk_ - 1))},
                       {"payload", encode_base64(on_the_socket(codes))}}}};
  if (options_.swaps && chunk_ % 4 == 2) {
    held_ = message.dump();
    return;
  }
  say(message);
  if (!held_.empty()) say(json::parse(std::exchange(held_, {})));
}

std::vector<std::uint8_t> Provider::on_the_socket(std::span<const std::uint8_t> codes) {
  if (options_.l16_rate == 0) return {codes.begin(), codes.end()};
  std::vector<std::int16_t> samples(codes.size());
  g711::decode(g711::Law::mu, codes, samples);
  std::vector<std::uint8_t> payload;
  for (const auto s : to_socket_.convert(samples, 8000, options_.l16_rate)) {
    payload.push_back(std::uint8_t(std::uint16_t(s) >> 8));
    payload.push_back(std::uint8_t(s));
  }
  if (options_.low_byte_first) media_stream::swap_bytes(payload);
  return payload;
}

std::vector<std::uint8_t> Provider::codes_of(std::span<const std::uint8_t> given) {
  std::vector<std::uint8_t> payload(given.begin(), given.end());
  if (options_.l16_rate == 0) return payload;
  if (options_.low_byte_first) media_stream::swap_bytes(payload);
  std::vector<std::int16_t> samples;
  for (std::size_t at = 0; at + 1 < payload.size(); at += 2)
    samples.push_back(std::int16_t(payload[at] << 8 | payload[at + 1]));
  const auto narrow = from_socket_.convert(samples, options_.l16_rate, 8000);
  std::vector<std::uint8_t> codes(narrow.size());
  g711::encode(g711::Law::mu, narrow, codes);
  return codes;
}

void Provider::take(const json& message) {
  if (over_) return;
  const auto id = std::string(options_.dialect->stream_id);
  const bool named = message.contains(id);
  const auto event = message.value("event", "");
  if (named != is_twilio() || (named && message[id] != "MZ1") ||
      message.size() != (event == "clear" ? 1u : 2u) + named)
    wrong.push_back(message.dump());
  if (event == "media") {
    ++media;
    auto codes = decode_base64(message["media"]["payload"].get<std::string>());
    if (!codes) return wrong.push_back(codes.error());
    buffer_.push_back({.codes = codes_of(*codes)});
    longest_ms = std::max(longest_ms, buffered_ms());
  } else if (event == "mark") {
    ++marks;
    const auto name = message["mark"]["name"].get<std::string>();
    if (buffer_.empty())
      echo(name);
    else
      buffer_.push_back({.mark = name});
  } else if (event == "clear") {
    ++clears;
    cleared_ms += buffered_ms();
    for (const auto& item : std::exchange(buffer_, {}))
      if (!item.mark.empty()) echo(item.mark);
  } else {
    wrong.push_back(message.dump());
  }
}

void Provider::echo(const std::string& mark) {
  if (options_.echoes) say({{"event", "mark"}, {"mark", {{"name", mark}}}});
}

std::size_t Provider::buffered_ms() const {
  std::size_t bytes = 0;
  for (const auto& item : buffer_) bytes += item.codes.size();
  return bytes / 8;
}

// 20 ms of what is buffered reach the person's ear.
void Provider::tick() {
  if (over_) return;
  engine_.loop().after(20ms, [weak = weak_from_this()] {
    if (const auto me = weak.lock()) me->tick();
  });
  if (!playing_ && Nanos(1ms) * std::int64_t(buffered_ms()) < options_.buffer) return;
  playing_ = !buffer_.empty();
  std::vector<std::uint8_t> codes(frame_bytes, 0xff);
  if (playing_ && buffer_.front().mark.empty()) {
    REQUIRE(buffer_.front().codes.size() == frame_bytes);
    codes = buffer_.front().codes;
    buffer_.pop_front();
    played_ms += 20;
  }
  while (!buffer_.empty() && !buffer_.front().mark.empty()) {
    echo(buffer_.front().mark);
    buffer_.pop_front();
  }
  const auto n = heard_++;
  if (receiver_)
    receiver_(caller::write_rtp({.payload_type = 0,
                                 .sequence = std::uint16_t(n),
                                 .timestamp = std::uint32_t(n * frame_bytes),
                                 .ssrc = 5},
                                codes),
              {0x0a000001, 20000});
}

}  // namespace parley::test
