#include "engine/sip/request_check.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/sip/torture.hpp"

using namespace parley::sip;

namespace {

// What the door does with a datagram: a refusal's code, 0: lets it pass, -1: drops it.
int fate(const std::string& text) {
  const auto message = read_message(text);
  if (!message) return -1;
  if (message->is_response()) return response_is_sound(*message) ? 0 : -1;
  const auto refusal = check_request(*message);
  if (!refusal) return 0;
  return write_refusal(*message, *refusal, "192.0.2.1", 5060, "t", "Parley") ? refusal->code : -1;
}

Refusal refusal_of(const std::string& name) {
  for (const auto& torture : torture_messages())
    if (torture.name == name) return *check_request(*read_message(torture.text));
  FAIL("no such message");
  return {};
}

}  // namespace

TEST_CASE("request_check: the messages of RFC 4475 pass, are refused or are dropped") {
  for (const auto& torture : torture_messages()) {
    CAPTURE(torture.name);
    const auto message = read_message(torture.text);
    const auto refusal =
        message && !message->is_response() ? check_request(*message) : std::nullopt;
    CHECK_MESSAGE(fate(torture.text) == torture.code, (refusal ? refusal->phrase : "no refusal"));
  }
}

TEST_CASE("request_check: a refusal says what would have been fine") {
  CHECK(refusal_of("bext01").headers ==
        "Unsupported: nothingSupportsThis, nothingSupportsThisEither\r\n");
  CHECK(refusal_of("invut").headers == "Accept: application/sdp\r\n");
  CHECK(refusal_of("regaut01").headers == "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO\r\n");
  CHECK(refusal_of("clerr").phrase == "Content-Length Beyond The Body");
  CHECK(refusal_of("multi01").phrase.starts_with("More Than One "));
}

TEST_CASE("request_check: wherever a good INVITE is cut, it is dropped or refused") {
  const auto whole = good_invite();
  CHECK(fate(whole) == 0);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CAPTURE(n);
    REQUIRE(fate(whole.substr(0, n)) != 0);
  }
}

TEST_CASE("message: a refusal copies what identifies the request and says where it came from") {
  const auto text = on_the_wire(
      "OPTIONS sip:a@192.0.2.9 SIP/2.0\nv: SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1\n"
      "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2\nf: <sip:b@x>;tag=1\nt: <sip:a@x>\ni: id\n"
      "CSeq: 1 OPTIONS\n\n");
  const auto message = read_message(text);
  REQUIRE(message);
  const auto reply = write_refusal(*message, {.code = 400, .phrase = "Bad", .headers = "X: y\r\n"},
                                   "198.51.100.1", 4444, "zz", "Parley");
  REQUIRE(reply);
  CHECK(*reply ==
        "SIP/2.0 400 Bad\r\n"
        "Via: SIP/2.0/UDP 10.0.0.1:5070;rport=4444;branch=z9hG4bK1;received=198.51.100.1\r\n"
        "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2\r\n"
        "From: <sip:b@x>;tag=1\r\nTo: <sip:a@x>;tag=zz\r\nCall-ID: id\r\nCSeq: 1 OPTIONS\r\n"
        "X: y\r\nServer: Parley\r\nContent-Length: 0\r\n\r\n");
  CHECK(answer_port(*message, 4444) == 4444);
}

TEST_CASE("message: without rport the answer goes to the port the Via names") {
  const auto port = [](const std::string& sent_by) {
    return answer_port(*read_message(on_the_wire("OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP " +
                                                 sent_by + ";branch=z9hG4bK1\n\n")),
                       4444);
  };
  CHECK(port("10.0.0.1:5070") == 5070);
  CHECK(port("10.0.0.1") == 5060);
  CHECK(port("[2001:db8::1]") == 5060);
  CHECK(port("[2001:db8::1]:5071") == 5071);
  CHECK(port("10.0.0.1:99999") == 4444);
}
