// chat_request: what is sent to an OpenAI-compatible chat endpoint, and when to send it again.
//
// Threads: none; functions. chat_body() is not for a media loop: it makes JSON.
#pragma once

#include <optional>
#include <string>

#include "plugins/providers/llm.hpp"

namespace parley {

std::string chat_url(const std::string& base);  // base may end in "/" or in /chat/completions
std::string chat_body(const LlmOptions& options, const LlmRequest& request);

// How an attempt ended before anything of the answer had arrived.
struct Attempt {
  int number = 1;            // from 1
  int status = 0;            // HTTP; 0: there was no answer
  bool unreachable = false;  // refused, reset or closed before an answer
  std::optional<Nanos> retry_after{};
  Nanos elapsed{0};  // since the first attempt began
};

bool worth_retrying(const Attempt& attempt);  // by its kind, whatever its number

// How long to wait before the next attempt; nothing: give up. `dice` is any number; it spreads
// callers that failed together by up to half the delay.
std::optional<Nanos> retry_delay(const Attempt& attempt, Nanos deadline, unsigned long long dice);

// The value of retry-after (seconds) or retry-after-ms; dates are not read.
std::optional<Nanos> parse_retry_after(const std::string& value, bool in_ms);

}  // namespace parley
