// request_check: what must hold before anything believes a message. libre lets through what RFC
// 3261 forbids; a request that fails here gets its 4xx and never reaches it.
//
// Threads: none; pure. RFC 3261, 8.1.1, 8.2 and 16.3; RFC 4475 has the messages it is tested with.
#pragma once

#include <optional>

#include "engine/sip/message.hpp"

namespace parley::sip {

inline constexpr const char* allowed_methods = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO";

// Nothing: the request is fine. Max-Forwards 0 is fine as well: it ends here and goes no further.
std::optional<Refusal> check_request(const Message& request);

// A response cannot be refused; a bad one is dropped.
bool response_is_sound(const Message& response);

// What Content-Length says, when it is there and within the body; for datagrams that carry more.
std::optional<std::size_t> body_size(const Message& message);

}  // namespace parley::sip
