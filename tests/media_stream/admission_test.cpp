#include "engine/media_stream/admission.hpp"

#include <doctest/doctest.h>

using namespace parley::media_stream;

namespace {

const Secrets secrets{.twilio = "12345", .telnyx = "s3cret"};

std::string why(const Dialect& dialect, const Handshake& handshake, const Secrets& with = secrets) {
  const auto admitted = admit(dialect, handshake, with);
  return admitted ? "" : admitted.error();
}

}  // namespace

TEST_CASE("admission: Twilio's signature is HMAC-SHA1 over the URL") {
  // The vendor's own example, its form fields already written behind the URL.
  CHECK(twilio_signature("https://mycompany.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDE"
                         "Caller+14158675309Digits1234From+14158675309To+18005551212",
                         "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
}

TEST_CASE("admission: a Twilio stream needs the signature of the URL that Twilio opened") {
  Handshake h{.path = "/media/twilio", .host = "voice.example.org"};
  CHECK(why(twilio, h) == "The handshake has no X-Twilio-Signature.");
  for (const auto* url :
       {"wss://voice.example.org/media/twilio", "wss://voice.example.org/media/twilio/",
        "https://voice.example.org/media/twilio", "wss://voice.example.org:443/media/twilio"}) {
    h.signature = twilio_signature(url, "12345");
    CHECK(why(twilio, h) == "");
  }
  h.signature = twilio_signature("wss://voice.example.org/media/twilio", "54321");
  CHECK(why(twilio, h).find("X-Twilio-Signature does not fit") == 0);
  h.signature = twilio_signature("wss://elsewhere.example.org/media/twilio", "12345");
  CHECK(why(twilio, h) != "");
  // Not even from this machine, once there is a secret.
  h.host = "127.0.0.1:8000";
  h.loopback = true;
  CHECK(why(twilio, h) != "");
}

TEST_CASE("admission: behind a proxy the configured URL is the one that was signed") {
  Handshake h{.path = "/media/twilio/support", .host = "10.0.0.7:8000"};
  Secrets with = secrets;
  with.public_url = "wss://voice.example.org/";
  h.signature = twilio_signature("wss://voice.example.org/media/twilio/support", "12345");
  CHECK(why(twilio, h, with) == "");
  CHECK(why(twilio, h) != "");
  h.signature = twilio_signature("wss://10.0.0.7:8000/media/twilio/support", "12345");
  CHECK(why(twilio, h, with) != "");
}

TEST_CASE("admission: a Telnyx stream needs the token, in the query or as a header") {
  CHECK(why(telnyx, {.host = "v"}).find("The handshake has no token") == 0);
  CHECK(why(telnyx, {.host = "v", .token = "s3cret"}) == "");
  CHECK(why(telnyx, {.host = "v", .authorization = "Bearer s3cret"}) == "");
  CHECK(why(telnyx, {.host = "v", .authorization = "s3cret"}) == "");
  for (const auto* wrong : {"s3cre", "s3cret ", "S3cret", "s3cres"}) {
    CHECK(why(telnyx, {.host = "v", .token = wrong}).find("The token is not the one") == 0);
    CHECK(why(telnyx, {.host = "v", .token = wrong}).find(wrong) == std::string::npos);
  }
}

TEST_CASE("admission: without a secret only this machine gets in, and not through a proxy on it") {
  const Secrets none;
  for (const auto* dialect : {&twilio, &telnyx}) {
    CHECK(why(*dialect, {.host = "127.0.0.1:8000", .loopback = true}, none) == "");
    CHECK(why(*dialect, {.host = "[::1]:8000", .loopback = true}, none) == "");
    CHECK(why(*dialect, {.host = "127.0.0.1:8000"}, none).find("need a secret") !=
          std::string::npos);
    CHECK(why(*dialect, {.host = "voice.example.org", .loopback = true}, none) != "");
    CHECK(why(*dialect, {.host = "localhost", .loopback = true, .forwarded = true}, none) != "");
  }
}
