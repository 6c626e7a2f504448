// endpoint: SIP as values: what came in as notices, what we want as calls. RFC 3261 over UDP.
//
// libre, its types and its thread stay behind this. Media is none of its business: SDP passes
// through as text (sdp.hpp reads and writes it).
//
// Threads: every method from any thread; `on_notice` is called on the SIP thread, must not block
// and may call back. Of one session: Invite or (after dial) Ringing*/Accepted, then exactly one
// Ended, unless the session was refused by us.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "engine/base/key_press.hpp"
#include "engine/base/result.hpp"

namespace parley::sip {

using SessionId = std::uint64_t;

struct Invite {  // somebody calls; answer(), ring() or refuse() it
  SessionId session = 0;
  std::string call_id{};     // the Call-ID header
  std::string from{}, to{};  // URIs
  std::string user{};        // the called user part
  std::string source{};      // "ip:port" the request came from
  std::string sdp{};         // empty: the offer comes with the ACK
};
struct Ringing {  // outbound: 180 or 183
  SessionId session = 0;
  int code = 180;
};
struct Accepted {  // outbound: 2xx, already acknowledged
  SessionId session = 0;
  std::string sdp{};
};
struct Reoffer {  // a re-INVITE: hold, another codec, another address; answer() or refuse() it
  SessionId session = 0;
  std::string sdp{};  // empty: it wants our offer, and its answer comes with Confirmed
};
struct Key {  // pressed, as INFO has it; the same press may come as a telephone event too
  SessionId session = 0;
  KeyPress press{};
};
struct Confirmed {  // inbound: the ACK for our 200; also that of a re-INVITE when it has an answer
  SessionId session = 0;
  std::string sdp{};
};
enum class Why { remote_bye, local_bye, cancelled, rejected, busy, no_answer, timeout, failed };
struct Ended {
  SessionId session = 0;
  Why why = Why::failed;
  int code = 0;          // the SIP status, when there is one
  std::string detail{};  // a sentence
};
using Notice = std::variant<Invite, Ringing, Accepted, Confirmed, Reoffer, Key, Ended>;

struct Options {
  std::string listen = "127.0.0.1:5060";  // port 0: a free one
  std::size_t max_sessions = 4096;        // beyond: 503 with Retry-After, stateless
  std::string user_agent = "Parley";
  double source_per_second = 1000;  // datagrams from one address; beyond: dropped unread
  double source_burst = 4000;
  bool limit_loopback = false;  // 127.0.0.1 and ::1 too
};

struct Counters {
  std::uint64_t received = 0;       // datagrams
  std::uint64_t garbage = 0;        // dropped: no SIP message, or a response that is unsound
  std::uint64_t limited = 0;        // dropped: the source sent too many
  std::uint64_t refused = 0;        // requests that failed the check: 4xx, 5xx
  std::uint64_t turned_away = 0;    // INVITEs that got 503: full or not accepting
  std::uint64_t lost_commands = 0;  // orders of ours that found the mailbox full
};

struct Dial {
  std::string to{};    // "sip:user@host:port"
  std::string from{};  // user part or URI; empty: the endpoint's own
  std::string sdp{};
  int ring_seconds = 60;  // then CANCEL, Ended no_answer
};

class Endpoint {
 public:
  using OnNotice = std::function<void(const Notice&)>;
  static Result<std::unique_ptr<Endpoint>> open(const Options& options, OnNotice on_notice);
  virtual ~Endpoint() = default;  // ends every session with BYE or CANCEL first, at most 2 s

  virtual std::string address() const = 0;  // "127.0.0.1:5060", with the port it really got

  virtual void ring(SessionId session) = 0;                     // 180
  virtual void answer(SessionId session, std::string sdp) = 0;  // 200, to a re-INVITE too
  // Of a re-INVITE: the call goes on as it was.
  virtual void refuse(SessionId session, int code, std::string phrase, int retry_after_s = 0) = 0;
  virtual void hang_up(SessionId session) = 0;  // BYE, CANCEL or 487, whatever fits
  // Failures come as Ended. 0: too many orders are waiting, this one was not taken.
  virtual SessionId dial(const Dial& dial) = 0;

  // False: new INVITEs get 503 with Retry-After (draining); OPTIONS too.
  virtual void set_accepting(bool accepting) = 0;

  virtual Counters counters() const { return {}; }
};

}  // namespace parley::sip
