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
  [[nodiscard]] bool start(lws* wsi);  // false: the connection is broken
  Step write(lws* wsi);                // when the socket can take something
  bool headers_only() const { return body_.empty(); }

 private:
  Response response_;
  std::vector<unsigned char> body_;  // LWS_PRE bytes of room, then the body; empty: no body
  std::size_t sent_ = 0;
};

}  // namespace parley::control
