// sdp: session descriptions (RFC 4566, offer/answer RFC 3264) for one audio stream over RTP/AVP:
// codecs by name, telephone-event (RFC 4733), packet time, hold, SRTP by a=crypto (RFC 4568, RFC
// 8643), RTCP with RTP (RFC 5761). Pure: text and values in, text and
// values out. Which codecs there are comes as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/sip/sdes.hpp"

namespace parley::sip {

struct MediaAddress {
  std::string host{};  // numeric IPv4
  int port = 0;

  bool operator==(const MediaAddress&) const = default;
};

// What one payload type means.
struct Payload {
  int type = -1;
  std::string name{};  // "PCMU"; as a description's reader has it, upper case
  int rate = 8000;     // of the timestamps
  int channels = 1;
  std::string params{};  // a=fmtp: what the one who wrote it wants to get

  bool operator==(const Payload&) const = default;
};

struct Description {
  MediaAddress media{};
  std::vector<Payload> payloads{};         // in the order of preference
  std::optional<int> ptime{}, maxptime{};  // what its writer wants to get
  bool sends = true, receives = true;      // from a=sendrecv and its kin, as the writer of the text
  bool secure = false;                     // RTP/SAVP
  std::vector<Crypto> crypto{};            // those of its lines that we can do
  bool rtcp_mux = false;
  int rtcp_port = 0;  // a=rtcp (RFC 3605); 0: the one above RTP's
};

// Our side of a description.
struct Local {
  MediaAddress media{};
  std::uint64_t session = 0;  // of o=: the same for all descriptions of a call
  unsigned version = 1;       // of o=: one more for each
  // Ours, the best first; `type` is what we call it when we offer.
  std::vector<Payload> codecs = g711();
  Security security = Security::off;
  std::vector<Crypto> crypto{};  // ours: a key for each suite, the best first

  static std::vector<Payload> g711() {
    return {{.type = 0, .name = "PCMU"}, {.type = 8, .name = "PCMA"}};
  }
};

// What both sides agreed on, seen from us.
struct Agreement {
  // What we send with, and what may come: the codec to use first, then the others, then
  // telephone-event. `params` are the other side's words in both.
  std::vector<Payload> send{}, receive{};
  int ptime = 20;  // of what we send, in ms
  MediaAddress remote{};
  bool sends = true, receives = true;  // us
  struct Keys {
    SrtpKey ours, theirs;
  };
  std::optional<Keys> keys{};  // nothing: plain RTP
  bool rtcp_mux = false;       // RTCP goes over RTP's port (RFC 5761)
  int rtcp_port = 0;           // theirs, when it does not

  const std::string& codec() const { return send.front().name; }
  int payload_type() const { return send.front().type; }
  std::optional<int> dtmf_type() const;  // of telephone-event, when both have it
  bool held() const { return !sends; }   // the other side does not want to hear us
};

inline constexpr const char* dtmf_name = "telephone-event";

// Errors say which line is wrong and how.
// `security`: off reads no RTP/SAVP, as if that stream were not there.
Result<Description> parse_sdp(std::string_view text, Security security = Security::off);
std::string write_offer(const Local& local);

struct Answer {
  Agreement agreement{};
  std::string sdp{};
};
// Our answer to an offer, the first of a call or another one; an error (the 488) when there is no
// codec in common. Our order decides, the payload types are theirs.
Result<Answer> answer_offer(std::string_view offer, const Local& local);
// What an answer to our write_offer() means.
Result<Agreement> accept_answer(std::string_view answer, const Local& local);

}  // namespace parley::sip
