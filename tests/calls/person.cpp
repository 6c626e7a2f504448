#include "tests/calls/person.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

namespace parley::test {
namespace {

constexpr int key_ticks = 10;  // five frames down (the last three ends), five up
constexpr std::size_t frame = 160;

std::uint8_t key_event(char key) {
  const std::string_view order = "0123456789*#ABCD";
  return std::uint8_t(order.find(key));
}

}  // namespace

Person::Person(VirtualEngine& engine, std::string voice, Mind mind)
    : engine_(engine),
      voice_(std::move(voice)),
      mind_(std::move(mind)),
      first_event_(engine.events().size()) {
  subscription_ = engine.hub().subscribe([this](const EventPtr& e) { on_event(e); });
  leg_ = engine.invite();
  REQUIRE(leg_.port);
  call_ = engine.events().at(first_event_)->call;
  Gate gate(engine.loop());
  tick();
}

Person::~Person() {
  if (!over_) hang_up();
  *alive_ = false;
}

void Person::on_event(const EventPtr& e) {
  if (call_.empty() || e->call != call_) return;
  if (e->kind == "call.ended") over_ = true;
  if (e->kind != "agent.said") return;
  engine_.loop().after(thinking, [this, alive = alive_, asked = e->body.value("text", "")] {
    if (*alive && !over_) answer(asked);
  });
}

void Person::answer(const std::string& asked) {
  static caller::Voices voices;
  const auto reply = mind_(asked);
  if (!reply.words.empty()) {
    const auto sound = voices.say(voice_, reply.words);
    if (!sound) FAIL(sound.error());
    saying_.assign(sound->begin(), sound->end());
  }
  keys_ += reply.keys;
  leaving_ = leaving_ || reply.hang_up;
}

void Person::tick() {
  engine_.loop().after(20ms, [this, alive = alive_] {
    if (*alive && !over_) tick();
  });
  if (saying_.empty() && !keys_.empty()) {
    if (key_tick_ == 0) key_start_ = timestamp_;
    if (key_tick_ < 5) {
      const bool end = key_tick_ >= 2;
      const auto duration = std::uint16_t(std::min(key_tick_ + 1, 3) * int(frame));
      const std::array<std::uint8_t, 4> payload{
          key_event(keys_.front()), std::uint8_t((end ? 0x80 : 0) | 10),
          std::uint8_t(duration >> 8), std::uint8_t(duration)};
      send(101, key_tick_ == 0, key_start_, payload);
    }
    timestamp_ += frame;
    if (++key_tick_ == key_ticks) {
      key_tick_ = 0;
      keys_.erase(0, 1);
    }
    return;
  }
  std::array<std::uint8_t, frame> payload;
  for (auto& code : payload) {
    std::int16_t sample = 0;
    if (!saying_.empty()) {
      sample = saying_.front();
      saying_.pop_front();
    }
    code = caller::encode(caller::Law::mu, sample);
  }
  send(0, false, timestamp_, payload);
  timestamp_ += frame;
  if (leaving_ && saying_.empty() && keys_.empty()) hang_up();
}

void Person::send(std::uint8_t type, bool marker, std::uint32_t timestamp,
                  std::span<const std::uint8_t> payload) {
  leg_.port->send(caller::write_rtp({.payload_type = type,
                                     .marker = marker,
                                     .sequence = sequence_++,
                                     .timestamp = timestamp,
                                     .ssrc = 77},
                                    payload),
                  leg_.engine);
}

void Person::hang_up() {
  Gate gate(engine_.loop());
  if (std::exchange(engine_.sip().sessions[leg_.session].hung_up, true)) return;
  engine_.sip().on_notice(sip::Ended{.session = leg_.session, .why = sip::Why::remote_bye});
}

bool Person::live(Nanos limit) {
  return engine_.loop().pump_until([this] { return over_; }, engine_.loop().now() + limit);
}

std::vector<EventPtr> Person::events(const std::string& kind) const {
  std::vector<EventPtr> found;
  for (const auto& e : engine_.events(kind))
    if (e->call == call_) found.push_back(e);
  return found;
}

std::string Person::slot(const std::string& name) const {
  std::string value;
  for (const auto& e : events("slot.filled"))
    if (e->body.value("slot", "") == name) value = e->body.value("value", "");
  return value;
}

std::string Person::end_reason() const {
  const auto ended = events("call.ended");
  return ended.empty() ? "" : ended.back()->body.value("reason", "");
}

std::string Person::story() const {
  std::string text;
  for (const auto& e : engine_.events()) {
    if (e->call != call_) continue;
    if (e->kind == "agent.said" || e->kind == "agent.interrupted")
      text += "  agent: " + e->body.value("text", "") + "\n";
    if (e->kind == "transcript.final")
      text += fmt::format("  heard: {}{} ({:.2f})\n",
                          e->body.value("rejected", false) ? "rejected " : "",
                          e->body.value("text", ""), e->body.value("confidence", 0.0));
    if (e->kind == "slot.filled")
      text += "  " + e->body.value("slot", "") + " = " + e->body.value("value", "") + "\n";
    if (e->kind == "call.ended") text += "  ended: " + e->body.value("reason", "") + "\n";
  }
  return text;
}

}  // namespace parley::test
