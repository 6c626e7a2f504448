// admission: who may open a media stream: Twilio's signature, a shared token, or loopback.
//
// Twilio signs the URL it opens with the account's auth token (X-Twilio-Signature). Telnyx is given
// a token of our choice (stream_auth_token, or in the query of stream_url). Where no secret is
// configured only this machine gets in, and not through a proxy on it.
//
// Threads: pure. https://www.twilio.com/docs/usage/security
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/media_stream/message.hpp"

namespace parley::media_stream {

struct Secrets {
  std::string twilio{}, telnyx{};  // empty: none is configured
  std::string public_url{};        // "wss://voice.example.org": what Twilio opens; empty: by Host
};

// What the opening handshake says.
struct Handshake {
  std::string path{};           // "/media/twilio"
  std::string host{};           // the Host header
  std::string signature{};      // X-Twilio-Signature
  std::string authorization{};  // the header, whole
  std::string token{};          // of the query
  bool loopback = false;        // the peer is on this machine
  bool forwarded = false;       // a proxy says that it speaks for somebody
};

// The error is for whoever is refused; it repeats no secret.
Status admit(const Dialect& dialect, const Handshake& handshake, const Secrets& secrets);

// base64(HMAC-SHA1(token, url)), as Twilio signs a URL without form fields.
std::string twilio_signature(std::string_view url, std::string_view token);

}  // namespace parley::media_stream
