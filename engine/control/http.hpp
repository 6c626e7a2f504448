// http: a request as libwebsockets has parsed it, as a value; a response onto its connection.
//
// Threads: the control thread's.
#pragma once

#include <libwebsockets.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/control/routes.hpp"

namespace parley::control {

std::string header(lws* wsi, lws_token_indexes token);  // empty: there is none
Request read_request(lws* wsi);                         // without its body

// How long the body will be; nothing when that cannot be told from Content-Length.
std::optional<std::uint64_t> body_length(lws* wsi);

// An answer on its way: the head at once, the body as the socket takes it.
class Answer {
 public:
  enum class Step { more, done, broken };

  Answer(Response response, bool head_only);
  ~Answer();
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  [[nodiscard]] bool start(lws* wsi);  // false: the connection is broken
  Step write(lws* wsi);                // when the socket can take something

 private:
  bool read_part(unsigned char* to, std::size_t bytes) const;

  Response response_;
  std::uint64_t bytes_ = 0;          // of the body
  std::uint64_t left_ = 0;           // to be sent
  int file_ = -1;                    // when the body is a file
  std::vector<unsigned char> body_;  // LWS_PRE bytes of room, then the body or a piece of the file
};

}  // namespace parley::control
