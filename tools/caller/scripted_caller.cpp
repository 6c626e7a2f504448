#include "tools/caller/scripted_caller.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tools/caller/packet.hpp"

namespace parley::caller {
namespace {

constexpr unsigned key_volume = 10;  // dBm0, below zero

double ms_between(Nanos from, Nanos to) { return double(to_us(to - from)) / 1000; }

}  // namespace

ScriptedCaller::ScriptedCaller(LoopRef loop, std::shared_ptr<PacketPort> port,
                               const Address& remote, ProgramRef program, LineSettings settings)
    : loop_(std::move(loop)),
      port_(std::move(port)),
      remote_(remote),
      program_(std::move(program)),
      settings_(std::move(settings)) {
  std::mt19937 random(settings_.seed);
  ssrc_ = std::uint32_t(random());
  timestamp_ = std::uint32_t(random());
  sequence_ = std::uint16_t(random());
}

ScriptedCaller::~ScriptedCaller() {
  const Gate gate(*loop_);
  loop_->cancel(timer_);
  port_->receive({});
}

void ScriptedCaller::start(OnEnd on_end, OnStep on_step) {
  const Gate gate(*loop_);
  PARLEY_ASSERT(!player_);
  on_end_ = std::move(on_end);
  on_step_ = std::move(on_step);
  started_ = loop_->now() + tick_length;
  player_.emplace(program_, started_, settings_.seed);
  port_->receive([this](std::span<const std::uint8_t> packet, const Address&) { receive(packet); });
  timer_ = loop_->at(started_, [this] { tick(); });
}

void ScriptedCaller::far_end_gone() {
  const Gate gate(*loop_);
  if (!player_ || player_->state() != State::playing) return;
  player_->far_end_gone(loop_->now());
  tell_step();
  end_if_over();
}

void ScriptedCaller::tick() {
  // The grid is kept: a late tick is followed by the next one at its own time.
  const Nanos now = started_ + ticks_ * tick_length;
  const Frame frame = player_->tick(std::max(now, loop_->now()));
  tell_step();
  if (player_->state() != State::playing) return end_if_over();
  send(frame);
  ++ticks_;
  timer_ = loop_->at(started_ + ticks_ * tick_length, [this] { tick(); });
}

void ScriptedCaller::send(const Frame& frame) {
  std::array<std::uint8_t, tick_samples> payload{};
  RtpHeader header{.sequence = sequence_++, .ssrc = ssrc_};
  std::size_t size = 0;
  if (frame.key && settings_.dtmf_type) {
    if (frame.key->first) key_timestamp_ = timestamp_;
    header.payload_type = std::uint8_t(*settings_.dtmf_type);
    header.marker = frame.key->first;
    header.timestamp = key_timestamp_;
    payload[0] = frame.key->event;
    payload[1] = std::uint8_t((frame.key->end ? 0x80 : 0) | key_volume);
    payload[2] = std::uint8_t(frame.key->duration >> 8);
    payload[3] = std::uint8_t(frame.key->duration);
    size = 4;
    marker_ = true;
  } else {
    if (frame.key && frame.key->first) ++counts_.keys_refused;
    header.payload_type = audio_type();
    header.marker = marker_;
    header.timestamp = timestamp_;
    std::transform(frame.audio.begin(), frame.audio.end(), payload.begin(),
                   [law = law()](std::int16_t sample) { return encode(law, sample); });
    size = payload.size();
    marker_ = false;
  }
  if (settings_.record) recording_.sent(ticks_ * tick_length, frame.audio);
  timestamp_ += tick_samples;
  ++counts_.sent;
  if (!port_->send(write_rtp(header, std::span(payload).first(size)), remote_)) ++counts_.unsent;
}

void ScriptedCaller::receive(std::span<const std::uint8_t> packet) {
  const bool rtcp = packet.size() > 1 && packet[1] >= 192 && packet[1] <= 223;  // RFC 5761
  if (rtcp) return;
  const auto parsed = parse_rtp(packet);
  if (!parsed || parsed->header.payload_type != audio_type() || parsed->payload.empty()) {
    ++counts_.malformed;
    return;
  }
  ++counts_.received;
  if (heard_sequence_) {
    const auto step = std::int16_t(parsed->header.sequence - *heard_sequence_);
    if (step <= 0) return;  // again, or too late to be heard
    counts_.lost += std::uint64_t(step - 1);
  }
  heard_sequence_ = parsed->header.sequence;
  std::vector<std::int16_t> heard(parsed->payload.size());
  std::transform(parsed->payload.begin(), parsed->payload.end(), heard.begin(),
                 [law = law()](std::uint8_t code) { return decode(law, code); });
  const Nanos now = loop_->now();
  if (player_->state() == State::playing) player_->heard(now, heard);
  if (settings_.record) recording_.received(now - started_, parsed->header.timestamp, heard);
}

void ScriptedCaller::tell_step() {
  const auto begun = std::min(player_->position() + 1, program_->steps.size());
  for (; told_ < begun; ++told_) {
    if (on_step_) on_step_(program_->steps[told_]);
  }
}

void ScriptedCaller::end_if_over() {
  if (player_->state() == State::playing) return;
  loop_->cancel(timer_);
  if (const auto on_end = std::exchange(on_end_, {})) on_end();
}

LineCounts ScriptedCaller::counts() const { return counts_; }

std::vector<Segment> ScriptedCaller::agent_speech() const {
  return player_ ? player_->agent().segments() : std::vector<Segment>{};
}

std::vector<Segment> ScriptedCaller::own_speech() const {
  return player_ ? player_->own().segments() : std::vector<Segment>{};
}

std::vector<Response> ScriptedCaller::responses() const {
  const auto agent = agent_speech(), own = own_speech();
  std::vector<Response> found;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const Nanos until = i + 1 < own.size() ? own[i + 1].start : Nanos::max();
    const auto answer = std::find_if(agent.begin(), agent.end(),
                                     [&](const Segment& s) { return s.start > own[i].end; });
    if (answer != agent.end() && answer->start < until)
      found.push_back({own[i].end, answer->start});
  }
  return found;
}

std::string ScriptedCaller::report() const {
  using nlohmann::json;
  const auto spans = [&](const std::vector<Segment>& segments) {
    json list = json::array();
    for (const auto& s : segments)
      list.push_back({ms_between(started_, s.start), ms_between(started_, s.end)});
    return list;
  };
  json responses_ms = json::array();
  for (const auto& response : responses())
    responses_ms.push_back(ms_between(response.asked, response.answered));
  return json{
      {"completed", state() == State::completed},
      {"reason", reason()},
      {"duration_ms", to_ms(ticks_ * tick_length)},
      {"sent", counts_.sent},
      {"unsent", counts_.unsent},
      {"received", counts_.received},
      {"lost", counts_.lost},
      {"malformed", counts_.malformed},
      {"keys_refused", counts_.keys_refused},
      {"agent_voiced_ms", player_ ? to_ms(player_->agent().voiced()) : 0},
      {"agent_speech_ms", spans(agent_speech())},
      {"own_speech_ms", spans(own_speech())},
      {"response_ms", responses_ms},
  }
      .dump();
}

}  // namespace parley::caller
