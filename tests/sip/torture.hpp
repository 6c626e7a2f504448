// torture: messages after RFC 4475, each with what an endpoint that takes calls over UDP does with
// it.
#pragma once

#include <string>
#include <vector>

namespace parley::sip {

struct Torture {
  const char* name;  // the RFC's
  int code;          // of the refusal; 0: it passes; -1: it is dropped
  std::string text;
};

std::vector<Torture> torture_messages();

// An INVITE with an SDP offer that passes, with CRLF ends.
std::string good_invite(const std::string& host = "192.0.2.1:5060");

// Line ends as they travel, and the true Content-Length where the text says "Content-Length: LEN".
std::string on_the_wire(std::string text);

}  // namespace parley::sip
