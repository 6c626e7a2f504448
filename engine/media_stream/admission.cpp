#include "engine/media_stream/admission.hpp"

#include <fmt/format.h>
#include <glib.h>

#include <array>
#include <vector>

#include "engine/base/base64.hpp"

namespace parley::media_stream {
namespace {

// Takes as long whatever the first difference is.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= unsigned(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  return difference == 0;
}

bool is_loopback_host(std::string_view host) {
  if (host.starts_with("[::1]")) return true;
  const auto name = host.substr(0, host.find(':'));
  return name == "localhost" || name == "127.0.0.1";
}

std::string without_port(const std::string& host) {
  const auto colon = host.rfind(':');
  return colon == std::string::npos || host.ends_with(']') ? host : host.substr(0, colon);
}

// The URLs that Twilio may mean: its SDK's verifiers try with and without a port, too.
std::vector<std::string> urls(const Handshake& h, const Secrets& secrets) {
  std::vector<std::string> bases;
  if (!secrets.public_url.empty()) {
    bases.push_back(secrets.public_url);
    if (bases.back().ends_with('/')) bases.back().pop_back();
  } else {
    for (const char* scheme : {"wss", "https", "ws"})
      for (const auto& host : {h.host, without_port(h.host), without_port(h.host) + ":443"})
        bases.push_back(fmt::format("{}://{}", scheme, host));
  }
  std::vector<std::string> all;
  for (const auto& base : bases)
    for (const char* end : {"", "/"}) all.push_back(base + h.path + end);
  return all;
}

bool signed_by_twilio(const Handshake& h, const Secrets& secrets) {
  bool any = false;
  for (const auto& url : urls(h, secrets))
    any |= same(twilio_signature(url, secrets.twilio), h.signature);
  return any;
}

Status admit_twilio(const Handshake& h, const Secrets& secrets) {
  if (h.signature.empty()) return Error{"The handshake has no X-Twilio-Signature."};
  if (signed_by_twilio(h, secrets)) return ok();
  return Error{
      "X-Twilio-Signature does not fit this URL; is [media_streams] public_url what Twilio opens, "
      "and the auth token that of the account?"};
}

Status admit_telnyx(const Handshake& h, const Secrets& secrets) {
  std::string_view given = h.token;
  if (given.empty()) {
    given = h.authorization;
    if (given.starts_with("Bearer ")) given.remove_prefix(7);
  }
  if (given.empty())
    return Error{"The handshake has no token: give one as stream_auth_token or ?token=."};
  if (same(given, secrets.telnyx)) return ok();
  return Error{"The token is not the one that [media_streams] telnyx_token_env holds."};
}

}  // namespace

std::string twilio_signature(std::string_view url, std::string_view token) {
  std::array<std::uint8_t, 20> digest{};
  gsize size = digest.size();
  GHmac* hmac =
      g_hmac_new(G_CHECKSUM_SHA1, reinterpret_cast<const guchar*>(token.data()), token.size());
  g_hmac_update(hmac, reinterpret_cast<const guchar*>(url.data()), gssize(url.size()));
  g_hmac_get_digest(hmac, digest.data(), &size);
  g_hmac_unref(hmac);
  return encode_base64(digest);
}

Status admit(const Dialect& dialect, const Handshake& h, const Secrets& secrets) {
  const bool is_twilio = &dialect == &twilio;
  if (is_twilio && !secrets.twilio.empty()) return admit_twilio(h, secrets);
  if (!is_twilio && !secrets.telnyx.empty()) return admit_telnyx(h, secrets);
  if (h.loopback && !h.forwarded && is_loopback_host(h.host)) return ok();
  return Error{fmt::format(
      "Streams of {} from other machines need a secret: set [media_streams] {}_token_env.",
      dialect.name, dialect.name)};
}

}  // namespace parley::media_stream
