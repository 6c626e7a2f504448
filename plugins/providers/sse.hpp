// sse: an event stream, from bytes that come in pieces cut anywhere.
//
// Lines end in LF, CRLF or CR; comments and unknown fields are left out; the data lines of an event
// are joined by LF. A line or an event beyond `longest` ends the stream: broken() says so.
// HTML Living Standard, 9.2.6, but for an unfinished event at the end, which finish() still gives:
// servers forget the last blank line.
//
// Threads: none; a value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

struct SseEvent {
  std::string type{};  // empty: "message"
  std::string data{};
  bool operator==(const SseEvent&) const = default;
};

class SseParser {
 public:
  static constexpr std::size_t longest = 1 << 20;

  std::vector<SseEvent> push(std::string_view bytes);
  std::vector<SseEvent> finish();
  bool broken() const { return broken_; }

 private:
  void end_line(std::vector<SseEvent>& events);
  void dispatch(std::vector<SseEvent>& events);

  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_line_ = true;
  bool broken_ = false;
};

}  // namespace parley
