// calls: every call there is: admits, gives it a loop, finds it again for SIP and for operators.
//
// Threads: every method from any thread. A call itself is only ever touched on its loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/guarded.hpp"
#include "engine/base/ids.hpp"
#include "engine/call/call.hpp"
#include "engine/call/loop_choice.hpp"

namespace parley {

struct CallsOptions {
  std::size_t max_calls = 2000;
  Nanos max_lateness = 20ms;  // of the least late loop: beyond, a new call would harm others
  std::string default_agent = "reception";
  std::vector<std::string> dial_hosts = {"127.0.0.1"};  // whom call.dial may reach
  std::uint64_t seed = 0;                               // of the ids; 0: random
};

class Calls {
 public:
  // `host.gone` is set here. The loops outlive this; stop them before it goes.
  Calls(CallsOptions options, CallHost host, std::vector<LoopRef> loops);
  void use(sip::Endpoint& endpoint) { host_.sip = &endpoint; }  // before the first notice

  void on_notice(const sip::Notice& notice);

  // A media stream has started; from any thread. An error is why there is no call.
  Result<std::shared_ptr<media_stream::Port>> stream(const media_stream::Offer& offer);

  // Commands. The answer of dial is the call's id.
  Result<std::string> dial(const std::string& to, const std::string& agent);
  Status say(const std::string& call, const std::string& text);
  Status press(const std::string& call, const std::string& keys);  // for the far end
  Status hang_up(const std::string& call);
  Status hold(const std::string& call, bool on);
  Status pause_recording(const std::string& call, bool paused);
  void end_all(EndReason reason);

  std::size_t live() const;

 private:
  struct Entry {
    std::shared_ptr<Call> call;
    LoopRef loop;
    std::size_t loop_index = 0;
    sip::SessionId session = 0;
  };
  struct Registry {
    std::unordered_map<std::string, Entry> calls;
    std::unordered_map<sip::SessionId, std::string> sessions;
    std::vector<std::size_t> live_on;  // of each loop
  };

  void invite(const sip::Invite& invite);
  LoopChoice choose(const Registry& registry) const;
  std::string why_full() const;  // empty: there is room
  Entry make(const std::string& agent, sip::SessionId session);
  Result<Entry> find(const std::string& call) const;
  Status on_its_loop(const std::string& call, std::function<void(Call&)> task);  // soon
  void gone(const std::string& call);
  bool may_dial(const std::string& to) const;

  const CallsOptions options_;
  CallHost host_;
  const std::vector<LoopRef> loops_;
  Guarded<Ids> ids_;
  Guarded<Registry> registry_;
};

}  // namespace parley
