// call_media: what the two ends of one call's chain share: the port its packets use, whom they go
// to, and the audio that was sent in the last half second (for echo and barge-in).
//
// Carried in the GstContext "parley.call", one per linked chain. Threads: the call's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/key_press.hpp"
#include "plugins/gstpp/context.hpp"
#include "plugins/rtp/packet_port.hpp"
#include "plugins/rtp/sent_rtp.hpp"

namespace parley {

// The last half second of what egress sent, by loop time, at the call's native rate (8 or 16 kHz;
// it may rise).
class SentAudio {
 public:
  // More than the way of what is heard through the jitter buffer.
  static constexpr Nanos kept = 500ms;

  // 20 ms that leave at `when`. Frames come in order; a gap reads as silence, and silence is one
  // (plugins/dsp/level.hpp).
  void put(Nanos when, unsigned rate, std::span<const std::int16_t> frame);
  // Fills `out` with what left from `from` on; silence where nothing did. True: some of it was not
  // silence. Another rate than that of put(), half or twice as much, is
  // only good enough for echo.
  bool get(Nanos from, unsigned rate, std::span<std::int16_t> out) const;
  unsigned rate() const { return rate_; }  // 0: nothing was sent yet

 private:
  void take_rate(unsigned rate, Nanos when);

  unsigned rate_ = 0;
  std::vector<std::int16_t> ring_;
  Nanos end_{0};  // the moment after the newest sample that was not silent
};

// A far end that keeps what it is sent until it has played it, as a media stream's does. An RTP
// peer is none.
class BufferingEnd {
 public:
  virtual ~BufferingEnd() = default;
  virtual void mark(
      std::uint64_t id) = 0;  // to be echoed when what was sent before has been played
  virtual void clear() = 0;   // throw away what has not been played
};

struct CallMedia {
  std::shared_ptr<PacketPort> port;  // empty: this chain has no network end
  Address remote;                    // where RTP goes: from SDP, then from the symmetric latch
  std::shared_ptr<BufferingEnd> buffering{};  // when the far end is one
  // Set by egress and ingress while they run, for whoever owns the port: a mark has been echoed; a
  // key was pressed that came by another way than RTP (SIP INFO, a media stream's message).
  std::function<void(std::uint64_t mark)> on_played{};
  std::function<void(const KeyPress&)> on_key{};
  // Set by ingress while it runs, for whoever owns the ports: others stand in `port` and
  // `rtcp_port`.
  std::function<void()> on_ports{};
  // Set by egress while it runs: presses keys for the far end. False: it takes none, these are no
  // keys, or too many wait.
  std::function<bool(std::string_view keys)> press_keys{};
  // RTCP goes with RTP (RFC 5761), or over a port of its own; with neither there is none.
  bool rtcp_mux = false;
  std::shared_ptr<PacketPort> rtcp_port;
  Address rtcp_remote;            // announced; empty: the port above the one for RTP
  rtp::SentRtp sent_rtp;          // by egress
  int far_loss_percent = -1;      // of our packets, as the far end reports it; -1: it has not
  std::optional<int> far_mode{};  // of what we send, as the far end requests it; nothing: any
  SentAudio sent;
  // A moment at which a packet of the far end arrived, of the grid of 20 ms that they come on; told
  // by ingress. Egress sends just after, so that an answer that is ready then leaves at once.
  std::optional<Nanos> arrival;
  // How far the times of the caller's audio are ahead of our clock, theirs being another; told by
  // ingress.
  Nanos caller_lead{0};
  std::uint64_t packets_sent = 0;  // by egress
  std::uint64_t underruns = 0;     // gaps inside an utterance, by egress
  // The end of a stream, for whoever pumps virtual time. Egress clears `finished` at READY->PAUSED
  // and sets it when it has sent EOS or nobody takes its audio any more. Vad sets `tail_over` when
  // the time for that has run out: egress then sends EOS at its next tick, whatever is still
  // queued.
  bool finished = false;
  bool tail_over = false;
};

namespace gst {
template <>
struct ContextTraits<CallMedia> {
  static constexpr const char* context_type = "parley.call";
  static constexpr const char* type_name = "ParleyCallMediaRef";
};
template <>
struct ContextTraits<Loop> {
  static constexpr const char* context_type = "parley.loop";
  static constexpr const char* type_name = "ParleyLoopRef";
};
}  // namespace gst

}  // namespace parley
