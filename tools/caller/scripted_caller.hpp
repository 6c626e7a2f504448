// scripted_caller: one end of a call: a player with its RTP, on any loop and over any PacketPort.
//
// On a real loop with a UDP port it calls a real engine; on a virtual one with a wire it drives a
// whole call in no time. It knows nothing of SIP: whoever makes the call tells it when the far end
// has gone, and hangs up when `on_end` says that the script is over.
// Threads: start(), far_end_gone() and the destructor take the loop's gate; the rest on the loop.
// RFC 3550, 3551, 4733.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/loop.hpp"
#include "plugins/rtp/packet_port.hpp"
#include "plugins/testkit/player.hpp"
#include "tools/caller/packet.hpp"
#include "tools/caller/recording.hpp"

namespace parley::caller {

struct LineSettings {
  std::string codec = "PCMU";          // or "PCMA"
  std::optional<int> dtmf_type = 101;  // none: keys are not sent, and counted
  std::uint32_t seed = 1;              // of SSRC, sequence, timestamp and noise
  bool record = false;
};

struct LineCounts {
  std::uint64_t sent = 0, unsent = 0;
  std::uint64_t received = 0;   // RTP of the agreed codec
  std::uint64_t lost = 0;       // gaps in its sequence numbers
  std::uint64_t malformed = 0;  // neither that nor anything RTP
  std::uint64_t keys_refused = 0;
};

// From the caller's last voiced packet to the agent's first one after it.
struct Response {
  Nanos asked{0};
  Nanos answered{0};
};

class ScriptedCaller {
 public:
  using OnEnd = std::function<void()>;              // once; not called by the destructor
  using OnStep = std::function<void(const Step&)>;  // each step as it begins

  ScriptedCaller(LoopRef loop, std::shared_ptr<PacketPort> port, const Address& remote,
                 ProgramRef program, LineSettings settings = {});
  ~ScriptedCaller();
  ScriptedCaller(const ScriptedCaller&) = delete;
  ScriptedCaller& operator=(const ScriptedCaller&) = delete;

  // Begins to send, from the next tick on. `on_end` may not destroy the caller: post that.
  void start(OnEnd on_end, OnStep on_step = {});
  void far_end_gone();  // the other side ended the call

  State state() const { return player_ ? player_->state() : State::playing; }
  std::string reason() const { return player_ ? player_->reason() : "it has not begun"; }
  Nanos started() const { return started_; }
  LineCounts counts() const;
  // Moments on the loop's clock.
  std::vector<Segment> agent_speech() const;
  std::vector<Segment> own_speech() const;
  std::vector<Response> responses() const;
  const Recording& recording() const { return recording_; }
  // {completed, reason, received, ..., times in ms since the start}, one line.
  std::string report() const;

 private:
  Law law() const { return settings_.codec == "PCMA" ? Law::a : Law::mu; }
  std::uint8_t audio_type() const { return law() == Law::a ? 8 : 0; }
  void tick();
  void send(const Frame& frame);
  void receive(std::span<const std::uint8_t> packet);
  void tell_step();
  void end_if_over();

  const LoopRef loop_;
  const std::shared_ptr<PacketPort> port_;
  const Address remote_;
  const ProgramRef program_;
  const LineSettings settings_;
  std::optional<Player> player_;
  Recording recording_;
  LineCounts counts_;
  OnEnd on_end_;
  OnStep on_step_;
  Nanos started_{0};
  std::int64_t ticks_ = 0;
  std::size_t told_ = 0;  // steps that on_step_ has seen
  Loop::TimerId timer_ = 0;
  std::uint32_t ssrc_, timestamp_, key_timestamp_ = 0;
  std::uint16_t sequence_;
  std::optional<std::uint16_t> heard_sequence_;
  bool marker_ = true;  // of the next audio packet
};

}  // namespace parley::caller
