// message: what a telephony provider says over a media stream's WebSocket, and what is said to it:
// text to values and back.
//
// Twilio Media Streams and Telnyx media streaming are dialects of one protocol; what differs stands
// in a table. A number may come as a number or as a text of digits.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.hpp"

namespace parley::media_stream {

struct Dialect {
  std::string_view name;       // in paths and in events
  std::string_view stream_id;  // the names of fields
  std::string_view sequence;
  std::string_view media_format;
  std::string_view sample_rate;
  bool names_stream;  // messages to the provider carry the stream's id
};
extern const Dialect twilio, telnyx;
const Dialect* dialect_of(std::string_view name);  // null: there is none

struct Connected {};
struct Start {
  std::string stream{};
  std::string call{};  // what the provider's REST interface calls it: callSid, call_control_id
  std::string from{}, to{};  // empty: not said
  std::string encoding{};
  unsigned rate = 0, channels = 0;
  std::map<std::string, std::string> parameters{};  // customParameters
};
struct Media {
  std::uint64_t chunk = 0;
  std::uint64_t timestamp_ms = 0;
  bool inbound = true;  // from the caller; false: a copy of what the caller hears
  std::vector<std::uint8_t> payload{};
};
struct Dtmf {
  char digit = 0;
};
struct Mark {
  std::string name{};
};
struct Stop {};
struct Complaint {  // the provider found fault with what we sent
  std::string code{}, title{};
};
struct Unknown {
  std::string event{};
};

struct Message {
  std::optional<std::uint64_t> sequence{};
  std::string stream{};  // empty: not said
  std::variant<Connected, Start, Media, Dtmf, Mark, Stop, Complaint, Unknown> body{};
};

inline constexpr std::size_t longest_payload = 6400;  // bytes: 200 ms of L16

// The error says which field is wrong and how, without repeating what it holds.
Result<Message> parse(const Dialect& dialect, std::string_view text);

// What goes to the provider.
class Writer {
 public:
  Writer(const Dialect& dialect, const std::string& stream);
  std::string media(std::span<const std::uint8_t> payload) const;
  std::string mark(std::uint64_t id) const;
  std::string clear() const;

 private:
  std::string of(std::string_view event) const;
  std::string id_;  // ,"streamSid":"..." or nothing
};
// The id of a mark of ours by its name.
std::optional<std::uint64_t> mark_id(std::string_view name);

}  // namespace parley::media_stream
