// message: a datagram's SIP message as it stands, before anything believes it.
//
// libre's parser is lenient; whoever checks a request must see what was really sent: a header
// twice, a length that is not the body's. So this reads the text itself, and writes a refusal from
// it that needs neither libre nor state.
//
// Threads: none; pure. RFC 3261, 7 and 8.2.6.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::sip {

struct Header {
  std::string name{};   // long form, lower case: "call-id"
  std::string value{};  // unfolded, without the white space around it
};

struct Message {
  std::string_view start{};  // the first line
  std::vector<Header> headers{};
  std::string_view body{};    // all that follows the empty line
  std::size_t head_size = 0;  // bytes up to the body
  bool has_bad_line = false;  // a line in the head that is no header, or a control character

  bool is_response() const { return start.starts_with("SIP/"); }
  std::string_view method() const;                         // "" when there is none
  const std::string* header(std::string_view name) const;  // the first of that name
  std::size_t count(std::string_view name) const;
};

// Nothing: this is no SIP message at all, not even one to refuse.
std::optional<Message> read_message(std::string_view datagram);

struct Refusal {
  int code = 400;
  std::string phrase{};
  std::string headers{};  // further ones, each with its end of line
};

// Nothing: it cannot be answered (an ACK, a response, or no Via to answer to). `source` is "ip" and
// `port`, for received and rport. `tag` goes to To when it has none.
std::optional<std::string> write_refusal(const Message& request, const Refusal& refusal,
                                         std::string_view source, int port, std::string_view tag,
                                         std::string_view server);

// Where the answer to a request goes: the port it came from when it asks for that, else its Via's.
int answer_port(const Message& request, int source_port);

}  // namespace parley::sip
