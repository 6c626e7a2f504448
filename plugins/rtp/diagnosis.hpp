// diagnosis: why a call has no audio, or only one way, in one line a person can act on (P20).
//
// Looks at what came and went so far. Each cause is told once a call, and only after it has lasted:
// a moment of silence is no fault.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/base/clock.hpp"
#include "plugins/rtp/packet_port.hpp"

namespace parley::rtp {

// What is known of a call by now.
struct CallFacts {
  Address local{}, announced{}, source{};
  std::uint64_t believed = 0;       // RTP packets of the far end
  std::uint64_t malformed = 0;      // datagrams that were no RTP of ours
  std::uint64_t undecryptable = 0;  // SRTP that failed authentication, or plain RTP
  bool secure = false;              // the call is SRTP
  bool held = false;                // nobody needs to send
  std::uint64_t sent = 0;           // our packets
  bool far_reports = false;         // the far end sends RTCP
  bool far_hears = false;           // and has had packets of ours by that
};

class Diagnosis {
 public:
  static constexpr Nanos patience = 5s, quiet_patience = 15s;

  enum class Cause {
    none,
    no_rtp,
    undecryptable,
    wrong_payload_type,
    comfort_noise_only,
    silence_only,
    other_address,  // these two: of our audio
    far_end_hears_nothing,
  };
  struct Finding {
    Cause cause = Cause::none;
    std::string detail{};
  };

  enum class Kind { voice, comfort_noise, key, unknown };
  void packet(Kind kind, int payload_type, Nanos now);
  void audio(std::span<const std::int16_t> samples);  // as it was decoded

  // The next thing to be told; nothing: all is well, or told.
  std::optional<Finding> look(const CallFacts& facts, Nanos now);
  static std::string no_rtp(const CallFacts& facts, double seconds);
  // What is wrong with the far end's audio, whether told before or not; empty: nothing is known.
  std::string why_silent(const CallFacts& facts, Nanos now) const;

 private:
  Cause find(const CallFacts& facts, Nanos now) const;
  std::string sentence(Cause cause, const CallFacts& facts, Nanos now) const;

  std::uint64_t voice_ = 0, comfort_ = 0, unknown_ = 0;
  int unknown_type_ = -1;
  bool loud_ = false;  // something was heard once
  std::optional<Nanos> started_{};
  Nanos first_{-1};    // packet
  unsigned told_ = 0;  // a bit a cause
};

const char* to_string(Diagnosis::Cause cause);  // "no_rtp"

}  // namespace parley::rtp
