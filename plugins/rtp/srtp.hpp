// srtp: the packets of one call, encrypted and authenticated (RFC 3711, RFC 7714), by libsrtp2.
//
// Each way has a key of its own; any SSRC may come, each has its roll-over counter and its window
// against replays. What doesn't authenticate is counted by its kind and gone.
//
// Keys may change, and a call may move between SRTP and plain RTP. What the far end sent before it
// knew of that is still taken, of the next 100 packets: after a change of keys, and from plain RTP
// to SRTP, until the first comes as it was agreed on last.
//
// Threads: the call's loop. libsrtp2 is initialized once a process.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/base/result.hpp"
#include "engine/base/srtp_key.hpp"
#include "plugins/rtp/packet_port.hpp"

namespace parley {

class Srtp {
 public:
  static constexpr std::size_t trailer = 160;  // what a packet may grow by

  struct Counters {
    std::uint64_t forged = 0;    // failed authentication, or is no SRTP at all
    std::uint64_t replayed = 0;  // came before, or is too old to tell
    std::uint64_t unsent = 0;    // could not be protected
  };

  static Result<std::unique_ptr<Srtp>> make(const SrtpKey& ours, const SrtpKey& theirs);
  virtual ~Srtp() = default;

  // In place: a packet of `size` bytes at the front of `buffer`, which has room for the trailer.
  // Answers the new size; 0: it must not be used. RTCP is told by its type.
  virtual std::size_t protect(std::span<std::uint8_t> buffer, std::size_t size) = 0;
  virtual std::size_t unprotect(std::span<std::uint8_t> buffer, std::size_t size) = 0;
  // By another description. A key that stays goes on with its counters. After an error the keys
  // are those of before.
  virtual Status use_keys(const SrtpKey& ours, const SrtpKey& theirs) = 0;

  const Counters& counters() const { return counters_; }

 protected:
  Counters counters_{};
};

// A port whose packets are SRTP on the wire and RTP to whoever uses it. RTP and RTCP of a call
// share one Srtp.
class SecurePort : public PacketPort {
 public:
  // From the next packet on; null: plain RTP.
  virtual void use(std::shared_ptr<Srtp> srtp) = 0;
};
std::shared_ptr<SecurePort> make_secure_port(std::shared_ptr<PacketPort> inner,
                                             std::shared_ptr<Srtp> srtp);

}  // namespace parley
