// call: one call, from its INVITE (or dial) to its last event; owns its pipeline, port and events.
//
// Whoever ends it first wins: the caller's BYE, the agent's goodbye, an operator, a timer, an
// error. Everything after that finds it ended and does nothing (P8). Who closes whom:
// engine/README.md.
//
// Threads: its loop. Calls reaches it by post().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/event_hub.hpp"
#include "engine/base/loop.hpp"
#include "engine/call/call_setup.hpp"
#include "engine/call/call_state.hpp"
#include "engine/call/codecs.hpp"
#include "engine/call/pipeline.hpp"
#include "engine/media_stream/session.hpp"
#include "engine/sip/endpoint.hpp"
#include "engine/sip/sdp.hpp"
#include "plugins/rtp/srtp.hpp"

namespace parley {

// An agent as a call needs it: what fills the holes of the launch line.
struct CallAgent {
  std::string name;
  std::string path;
  std::string voice;
};

struct CallSettings {
  std::string launch;                                 // the text of pipelines/call.launch
  std::map<std::string, std::string> holes;           // what is the same for every call
  std::vector<sip::Payload> codecs = usual_codecs();  // the best first
  sip::Security security = sip::Security::optional;   // SRTP
  std::string recordings{};                           // folder; empty: calls are not recorded
  std::string recording_format = "wav";
  Nanos max_duration = std::chrono::hours(1);
  Nanos max_hold = std::chrono::minutes(10);
  Nanos media_timeout = 30s;
  Nanos answer_patience = 300ms;  // from our 200 to PLAYING when no ACK comes
};

// What a call needs of those around it. Outlives every call.
struct CallHost {
  EventHub* hub = nullptr;
  sip::Endpoint* sip = nullptr;
  Workers* workers = nullptr;
  CallSettings settings{};
  std::function<Result<PortPair>(const LoopRef&)> open_port{};
  std::function<void(const Address&)> close_port{};
  // An error is why calls to this agent are refused.
  std::function<Result<CallAgent>(const std::string& name)> find_agent{};
  std::function<void(const std::string& call)> gone{};  // the call has sent its last event
};

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(const CallHost& host, LoopRef loop, std::string id, std::string agent);

  void invited(const sip::Invite& invite);
  void refused(const sip::Invite& invite, int code, const std::string& why, int retry_after_s);
  // A media stream: the call is there already. `refusal`: why it is not to be taken.
  void streamed(const media_stream::Offer& offer, std::shared_ptr<media_stream::Port> port,
                const std::optional<SetupError>& refusal);
  void dial(const std::string& to, const std::function<void(sip::SessionId)>& known);
  void notice(const sip::Notice& notice);

  Status say(const std::string& text);
  Status press(const std::string& keys);  // for the far end: telephone events
  // On hold by us the caller hears the agent's hold music; the agent says nothing and hears
  // nothing. Ends by itself after max_hold, so that nobody is forgotten (P15).
  Status hold(bool on);
  void pause_recording(bool paused);
  void end(EndReason reason, int code = 0, const std::string& detail = {});

  const std::string& id() const { return id_; }

 private:
  void on(const sip::Invite&) {}
  void on(const sip::Ringing& ringing);
  void on(const sip::Accepted& accepted);
  void on(const sip::Confirmed& confirmed);
  void on(const sip::Reoffer& again);
  void on(const sip::Key& key);
  void on(const sip::Ended& ended);

  void open_port();
  void close_port();
  void close_rtcp_port();
  void find_agent();
  void make_pipeline();
  void use_stream(const media_stream::Offer& offer);
  void describe(std::uint64_t session);
  void agree(const sip::Agreement& agreement);
  void created(const sip::Invite& invite);
  void secure(const sip::Agreement& agreement);
  void wrap_ports();
  sip::Security offered_security() const;
  std::string suite() const;
  void answered(const sip::Agreement& agreement);
  void take_answer(const std::string& sdp);
  Status change(const sip::Agreement& agreement);
  void held(bool by_caller);
  void hold(bool on, const char* by);
  void play();
  void told(const std::string& kind, nlohmann::json body);
  void soon(std::function<void()> task);
  void finish(EndReason reason, int code, const std::string& detail);

  const CallHost& host_;
  const LoopRef loop_;
  const std::string id_;
  const std::string agent_name_;
  EventStream events_;
  CallState state_ = CallState::ringing;
  sip::SessionId session_ = 0;
  bool signalled_ = false;  // a session exists that has not ended yet

  std::shared_ptr<media_stream::Port> stream_;  // instead of SIP and RTP

  std::shared_ptr<CallMedia> media_;
  std::shared_ptr<Srtp> srtp_;                            // from the first agreement with keys on
  std::shared_ptr<SecurePort> secure_rtp_, secure_rtcp_;  // the same; around the call's ports
  Address local_;
  CallAgent agent_;
  sip::Local description_;  // ours, as it was sent last
  sip::Agreement agreement_;
  bool reoffered_ = false;  // our offer answered a re-INVITE; its answer comes with the ACK
  bool held_ = false;       // by the caller
  bool holding_ = false;    // by an operator
  std::unique_ptr<Pipeline> pipeline_;
  std::string failure_;  // what an element said when it failed
  bool playing_ = false;
  Loop::TimerId longest_ = 0;
  Loop::TimerId longest_hold_ = 0;
  Loop::TimerId patience_ = 0;
};

}  // namespace parley
