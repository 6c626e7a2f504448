// sdp: session descriptions (RFC 4566, offer/answer RFC 3264) for one audio stream over RTP/AVP
// with PCMU, PCMA and telephone-event. Pure: text and values in, text and values out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace parley::sip {

struct MediaAddress {
  std::string host{};  // numeric IPv4
  int port = 0;
};

struct Payload {
  int type = -1;
  std::string name{};  // upper case: "PCMU", "PCMA", "TELEPHONE-EVENT"
  int rate = 8000;
};

struct Description {
  MediaAddress media{};
  std::vector<Payload> payloads{};  // in the order of preference
  int ptime = 20;
  bool sends = true, receives = true;  // from a=sendrecv and its kin, as the writer of the text
};

// What both sides agreed on, seen from us.
struct Agreement {
  std::string codec{};  // "PCMU" or "PCMA"
  int payload_type = 0;
  std::optional<int> dtmf_type{};  // telephone-event, when both have it
  MediaAddress remote{};
  bool sends = true, receives = true;  // us
};

// Errors say which line is wrong and how.
Result<Description> parse_sdp(std::string_view text);
std::string write_offer(const MediaAddress& local, std::uint64_t session);

struct Answer {
  Agreement agreement{};
  std::string sdp{};
};
// Our answer to an offer; an error (the 488) when there is no codec in common.
Result<Answer> answer_offer(std::string_view offer, const MediaAddress& local,
                            std::uint64_t session);
// What an answer to our write_offer() means.
Result<Agreement> accept_answer(std::string_view answer);
// Our answer to another offer in the same call: `last`, its direction fitted to the offer's (hold).
std::string answer_again(std::string_view last, std::string_view offer);

}  // namespace parley::sip
