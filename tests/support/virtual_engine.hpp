// virtual_engine: calls, their pipelines and events on one virtual loop: no SIP stack, no socket,
// no clock. Calls enter as the values that engine/sip hands over; RTP goes over wires in memory.
//
// Threads: the test's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/event_hub.hpp"
#include "engine/base/sim_loop.hpp"
#include "engine/call/calls.hpp"

namespace parley::test {

// An endpoint that remembers what it was told and answers like a well-behaved peer.
class FakeSip final : public sip::Endpoint {
 public:
  struct Session {
    std::string answer{};  // our SDP
    int refused = 0;       // the status
    bool hung_up = false;
  };

  std::string address() const override { return "10.0.0.1:5060"; }
  void ring(sip::SessionId) override {}
  void answer(sip::SessionId session, std::string sdp) override {
    sessions[session].answer = std::move(sdp);
  }
  void refuse(sip::SessionId session, int code, std::string, int) override {
    sessions[session].refused = code;
  }
  void hang_up(sip::SessionId session) override;
  sip::SessionId dial(const sip::Dial& dial) override;
  void set_accepting(bool) override {}

  std::function<void(const sip::Notice&)> on_notice;
  std::map<sip::SessionId, Session> sessions;
  std::vector<sip::Dial> dialled;
  sip::SessionId last_session = 0;
};

// The caller's side of a call that was answered.
struct Leg {
  sip::SessionId session = 0;
  std::shared_ptr<PacketPort> port;
  std::shared_ptr<PacketPort> wire{};  // the same; what SRTP is put around
  Address engine;                      // where the caller's RTP goes
};

class VirtualEngine {
 public:
  struct Options {
    std::string launch{};                        // text; empty: pipelines/call.launch
    std::map<std::string, std::string> holes{};  // on top of the scripted providers'
    std::vector<std::string> codecs{"opus", "G722", "PCMU", "PCMA"};
    std::string recordings{};  // a folder; empty: calls are not recorded
    std::size_t max_calls = 1000;
    sip::Security security = sip::Security::optional;
    Nanos media_timeout = 30s;
    Nanos max_duration = std::chrono::hours(1);
    Nanos max_hold = std::chrono::minutes(10);
    int loss_percent = 0;  // of packets, both ways
    std::uint64_t seed = 1;
    // In place of a wire in memory: then a Leg has no port.
    std::function<std::shared_ptr<PacketPort>(const Address& local)> open_port{};
  };
  explicit VirtualEngine(Options options);
  ~VirtualEngine();

  SimLoop& loop() { return *loop_; }
  LoopRef loop_ref() { return loop_; }
  EventHub& hub() { return hub_; }
  Calls& calls() { return *calls_; }
  FakeSip& sip() { return sip_; }

  // An INVITE, answered and acknowledged at the present moment. The port is empty when it was
  // refused.
  Leg invite(const std::string& user = "reception", const std::string& codec = "PCMU");
  // As `caller` describes itself; its address and session are filled in. Not `offers`: the INVITE
  // has no SDP, and the ACK brings the caller's answer.
  Leg invite_as(sip::Local& caller, const std::string& user = "reception", bool offers = true);
  void bye(const Leg& leg);
  // A re-INVITE with these codecs, on hold or not. The answer's SDP; empty: it was refused.
  std::string reinvite(const Leg& leg, const std::vector<std::string>& codecs, bool hold = false);
  std::string reinvite_as(const Leg& leg, sip::Local caller, bool hold = false);
  void info_key(const Leg& leg, char digit);
  void advance(Nanos time) { loop_->pump_to(loop_->now() + time); }

  // Everything that was told so far: {call, kind, body...}; as JSON lines of the wire format.
  const std::vector<EventPtr>& events() const { return events_; }
  std::vector<EventPtr> events(const std::string& kind) const;
  std::string event_log() const;
  void forget();  // all that was told so far, and the SIP sessions

 private:
  std::shared_ptr<SimLoop> loop_ = SimLoop::make();
  EventHub hub_;
  std::vector<EventPtr> events_;
  std::shared_ptr<void> subscription_;
  FakeSip sip_;
  std::unique_ptr<Calls> calls_;
  std::shared_ptr<PacketPort> last_far_end_;  // of the wire that was opened last
  std::uint16_t next_port_ = 20000;
  const int loss_percent_;
};

}  // namespace parley::test
