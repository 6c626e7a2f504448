#include "engine/media_stream/stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "plugins/rtp/rtp_packet.hpp"

namespace parley::media_stream {
namespace {

constexpr std::uint32_t ssrc = 1;  // a WebSocket carries one stream

// What the providers call a format. AMR-WB is as RFC 4867 has it when nothing else was agreed on:
// bandwidth-efficient.
struct Encoding {
  std::string_view said, codec;
  unsigned clock_rate;
  std::initializer_list<unsigned> rates;
};
constexpr std::initializer_list<unsigned> narrow = {8000}, wide = {8000, 16000},
                                          only_wide = {16000},
                                          all = {8000, 12000, 16000, 24000, 48000};
constexpr std::array encodings = {
    Encoding{"audio/x-mulaw", "PCMU", 8000, narrow},
    Encoding{"PCMU", "PCMU", 8000, narrow},
    Encoding{"audio/x-alaw", "PCMA", 8000, narrow},
    Encoding{"PCMA", "PCMA", 8000, narrow},
    Encoding{"G722", "G722", 8000, wide},
    Encoding{"L16", "L16", 8000, narrow},
    Encoding{"L16", "L16", 16000, only_wide},
    Encoding{"AMR-WB", "AMR-WB", 16000, only_wide},
    Encoding{"OPUS", "opus", 48000, all},
};

template <class T>
constexpr bool needs_start = std::is_same_v<T, Media> || std::is_same_v<T, Dtmf> ||
                             std::is_same_v<T, Mark> || std::is_same_v<T, Stop>;

bool may_come_first(const Message& message) {
  return std::visit([]<class T>(const T&) { return !needs_start<T>; }, message.body);
}

}  // namespace

const rtp::Codec* codec_of(const Start& start) {
  if (start.channels != 1) return nullptr;
  for (const auto& e : encodings)
    if (e.said == start.encoding && std::ranges::find(e.rates, start.rate) != e.rates.end())
      return rtp::find_codec(e.codec, e.clock_rate);
  return nullptr;
}

std::optional<Heard> Stream::take(std::string_view text) {
  if (state_ == State::over) return {};
  ++counters_.messages;
  auto message = parse(dialect_, text);
  if (!message) return mistake(message.error());
  if (message->sequence) note_sequence(*message->sequence);
  if (state_ == State::waiting && !may_come_first(*message))
    return fault(1002, "media, dtmf, mark or stop came before start");
  if (state_ == State::running && !message->stream.empty() && message->stream != id_)
    return mistake(fmt::format("{} is not the one of start", dialect_.stream_id));
  return std::visit([this](auto& body) { return on(body); }, message->body);
}

std::optional<Heard> Stream::on(Start& start) {
  if (state_ == State::running) return fault(1002, "a second start");
  const auto* codec = codec_of(start);
  if (!codec)
    return fault(1003, fmt::format("{} at {} Hz, {} channels is not taken; PCMU, PCMA, G722, OPUS, "
                                   "AMR-WB, and L16 at 8000 or 16000 Hz, 1 channel, are",
                                   start.encoding.substr(0, 20), start.rate, start.channels));
  state_ = State::running;
  id_ = start.stream;
  codec_ = codec;
  stamps_ = Stamps(codec->clock_rate);
  return Started{std::move(start), codec};
}

std::optional<Heard> Stream::on(const Media& media) {
  if (!media.inbound) {
    ++counters_.ignored;
    return {};
  }
  const auto rate = codec_->decoded_rate({});
  const auto samples = codec_->samples(media.payload, rate) * codec_->clock_rate / rate;
  if (samples == 0) return mistake("media.payload holds no whole frame of the stream's codec");
  const auto stamp = stamps_.next(media.chunk, media.timestamp_ms, samples);
  Audio audio{std::vector<std::uint8_t>(rtp::header_size + media.payload.size())};
  rtp::write({.payload_type = std::uint8_t(codec_->usual_type),
              .sequence = stamp.sequence,
              .timestamp = stamp.timestamp,
              .ssrc = ssrc,
              .payload = media.payload},
             audio.packet);
  if (codec_->name == "L16") {
    order_.note(media.payload);
    audio.swapped = order_.swapped();
    if (audio.swapped) swap_bytes(std::span(audio.packet).subspan(rtp::header_size));
  }
  return audio;
}

std::optional<Heard> Stream::on(const Mark& mark) {
  if (const auto id = mark_id(mark.name)) return Played{*id};
  ++counters_.ignored;
  return {};
}

std::optional<Heard> Stream::on(const Stop&) {
  state_ = State::over;
  return Stopped{};
}

std::optional<Heard> Stream::on(const Complaint& complaint) {
  ++counters_.complaints;
  last_mistake_ = fmt::format("{} complains of {} {}", dialect_.name, complaint.code.substr(0, 20),
                              complaint.title.substr(0, 40));
  return {};
}

std::optional<Heard> Stream::on(const Unknown&) {
  ++counters_.ignored;
  return {};
}

std::optional<Heard> Stream::mistake(std::string what) {
  ++counters_.malformed;
  last_mistake_ = std::move(what);
  if (state_ == State::waiting) return fault(1002, last_mistake_);
  if (counters_.malformed >= mistakes_max)
    return fault(1008, fmt::format("{} messages were wrong, the last one: {}", counters_.malformed,
                                   last_mistake_));
  return {};
}

std::optional<Heard> Stream::fault(int code, std::string reason) {
  state_ = State::over;
  return Fault{code, std::move(reason)};
}

void Stream::note_sequence(std::uint64_t sequence) {
  if (sequence <= last_sequence_) ++counters_.out_of_order;
  last_sequence_ = std::max(last_sequence_, sequence);
}

}  // namespace parley::media_stream
