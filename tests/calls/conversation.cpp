#include "tests/calls/conversation.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "plugins/testkit/program.hpp"

namespace parley::test {

caller::ProgramRef program(const std::string& text, const std::string& voice) {
  static caller::Voices voices;
  const auto script = caller::parse_script(text);
  if (!script) FAIL(script.error());
  const auto made = caller::prepare(*script, {.voice = voice}, voices);
  if (!made) FAIL(made.error());
  return *made;
}

Conversation::Conversation(VirtualEngine& engine, const caller::ProgramRef& program, bool record,
                           const std::string& codec)
    : engine_(engine),
      first_event_(engine.events().size()),
      leg_(engine.invite("reception", codec)) {
  REQUIRE(leg_.port);
  const auto* known = rtp::find_codec(codec, codec == "opus"                       ? 48000
                                             : codec == "L16" || codec == "AMR-WB" ? 16000
                                                                                   : 8000);
  REQUIRE(known);
  port_ = std::make_shared<CodecPort>(leg_.port, *known);
  call_ = engine.events().at(first_event_)->call;
  subscription_ = engine.hub().subscribe([this](const EventPtr& e) {
    if (e->call != call_ || e->kind != "call.ended") return;
    over_ = true;
    caller_->far_end_gone();
  });
  caller_ = std::make_unique<caller::ScriptedCaller>(
      engine.loop_ref(), port_, leg_.engine, program,
      caller::LineSettings{.seed = std::uint32_t(leg_.session), .record = record});
  caller_->start([this] {
    if (over_) return;
    engine_.sip().sessions[leg_.session].hung_up = true;
    engine_.sip().on_notice(sip::Ended{.session = leg_.session, .why = sip::Why::remote_bye});
  });
}

std::vector<EventPtr> Conversation::events(const std::string& kind) const {
  std::vector<EventPtr> found;
  for (auto i = first_event_; i < engine_.events().size(); ++i)
    if (const auto& e = engine_.events()[i]; e->call == call_ && (kind.empty() || e->kind == kind))
      found.push_back(e);
  return found;
}

EventPtr Conversation::last(const std::string& kind) const {
  const auto all = events(kind);
  return all.empty() ? nullptr : all.back();
}

std::string Conversation::slot(const std::string& name) const {
  std::string value;
  for (const auto& e : events("slot.filled"))
    if (e->body.value("slot", "") == name) value = e->body.value("value", "");
  return value;
}

std::string Conversation::transcript() const {
  std::string text;
  for (const auto& e : events()) {
    if (e->kind == "transcript.final")
      text += e->body.value("rejected", false) ? "caller: (" + e->body.value("text", "") + ")\n"
                                               : "caller: " + e->body.value("text", "") + "\n";
    if (e->kind == "agent.said") text += "agent: " + e->body.value("text", "") + "\n";
    if (e->kind == "agent.interrupted")
      text += "agent: " + e->body.value("heard_text", "") + "--\n";
    if (e->kind == "dtmf.received") text += "key: " + e->body.value("digit", "") + "\n";
    if (e->kind == "slot.filled")
      text += "  [" + e->body.value("slot", "") + " = " + e->body.value("value", "") + "]\n";
    if (e->kind == "call.ended") text += "ended: " + e->body.value("reason", "") + "\n";
  }
  return text;
}

void run(VirtualEngine& engine, const std::vector<Conversation*>& all, Nanos limit) {
  const auto over = [&] { return std::ranges::all_of(all, [](auto* c) { return c->over(); }); };
  const bool ended = engine.loop().pump_until(over, engine.loop().now() + limit);
  CHECK(ended);
}

}  // namespace parley::test
