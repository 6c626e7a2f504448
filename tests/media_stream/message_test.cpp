// The providers' messages as their documents give them, and every way to get one wrong.
#include "engine/media_stream/message.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace parley::media_stream;

namespace {

template <class T>
T body(const Dialect& dialect, std::string_view text) {
  const auto message = parse(dialect, text);
  if (!message) FAIL(message.error());
  REQUIRE(std::holds_alternative<T>(message->body));
  return std::get<T>(message->body);
}

}  // namespace

TEST_CASE("message: Twilio's start") {
  const auto start = body<Start>(twilio, R"({"event":"start","sequenceNumber":"1","streamSid":"MZ1",
    "start":{"streamSid":"MZ1","accountSid":"AC1","callSid":"CA1","tracks":["inbound"],
    "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
    "customParameters":{"agent":"reception","from":"+15550100","account":"7"}}})");
  CHECK(start.stream == "MZ1");
  CHECK(start.call == "CA1");
  CHECK(start.from == "+15550100");
  CHECK(start.to == "");
  CHECK(start.encoding == "audio/x-mulaw");
  CHECK(start.rate == 8000);
  CHECK(start.channels == 1);
  CHECK(start.parameters.at("account") == "7");
}

TEST_CASE("message: Telnyx's start") {
  const auto start =
      body<Start>(telnyx, R"({"event":"start","sequence_number":"1","stream_id":"32DE",
    "start":{"user_id":"u","call_control_id":"v3:x","call_session_id":"s","from":"+1","to":"+2",
    "client_state":"aGk=","tags":[],"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}})");
  CHECK(start.stream == "32DE");
  CHECK(start.call == "v3:x");
  CHECK(start.from == "+1");
  CHECK(start.to == "+2");
  CHECK(start.encoding == "PCMU");
}

TEST_CASE("message: media, its numbers as texts or as numbers") {
  for (
      const auto* text :
      {R"({"event":"media","sequenceNumber":"3","streamSid":"MZ","media":{"track":"inbound","chunk":"2","timestamp":"25","payload":"AQID"}})",
       R"({"event":"media","sequenceNumber":3,"streamSid":"MZ","media":{"chunk":2,"timestamp":25,"payload":"AQID"}})"}) {
    const auto message = parse(twilio, text);
    REQUIRE(message);
    CHECK(message->sequence == 3);
    CHECK(message->stream == "MZ");
    const auto& media = std::get<Media>(message->body);
    CHECK(media.chunk == 2);
    CHECK(media.timestamp_ms == 25);
    CHECK(media.inbound);
    CHECK(media.payload == std::vector<std::uint8_t>{1, 2, 3});
  }
  CHECK_FALSE(
      body<Media>(
          telnyx,
          R"({"event":"media","media":{"track":"outbound","chunk":"2","timestamp":"5","payload":"AQID"}})")
          .inbound);
}

TEST_CASE("message: keys, marks, stop, connected, complaints and what nobody knows") {
  CHECK(body<Dtmf>(
            twilio,
            R"({"event":"dtmf","streamSid":"MZ","dtmf":{"track":"inbound_track","digit":"#"}})")
            .digit == '#');
  CHECK(
      body<Dtmf>(
          telnyx,
          R"({"event":"dtmf","stream_id":"1","occurred_at":"2026-01-01T00:00:00Z","sequence_number":"5","dtmf":{"digit":"1"}})")
          .digit == '1');
  CHECK(body<Mark>(twilio, R"({"event":"mark","streamSid":"MZ","mark":{"name":"p7"}})").name ==
        "p7");
  body<Stop>(twilio, R"({"event":"stop","streamSid":"MZ","stop":{"callSid":"CA"}})");
  body<Connected>(telnyx, R"({"event":"connected","version":"1.0.0"})");
  const auto complaint = body<Complaint>(
      telnyx,
      R"({"event":"error","payload":{"code":100003,"title":"malformed_frame","detail":"x"},"stream_id":"1"})");
  CHECK(complaint.code == "100003");
  CHECK(complaint.title == "malformed_frame");
  CHECK(body<Unknown>(twilio, R"({"event":"sparkle"})").event == "sparkle");
}

TEST_CASE("message: what is wrong is named exactly, and nothing of it repeated") {
  const std::string big(8600, 'A');
  const std::pair<std::string, std::string> rows[] = {
      {"", "the message is not JSON"},
      {"{", "the message is not JSON"},
      {"[]", "the message is not a JSON object"},
      {"{}", "event is missing"},
      {R"({"event":7})", "event is not a text"},
      {R"({"event":"media"})", "media is not an object"},
      {R"({"event":"media","media":{}})", "chunk is missing"},
      {R"({"event":"media","media":{"chunk":"x","timestamp":1}})", "chunk is not a whole number"},
      {R"({"event":"media","media":{"chunk":-1,"timestamp":1}})", "chunk is not a whole number"},
      {R"({"event":"media","media":{"chunk":1}})", "timestamp is missing"},
      {R"({"event":"media","media":{"chunk":1,"timestamp":1}})", "payload is missing"},
      {R"({"event":"media","media":{"chunk":1,"timestamp":1,"payload":""}})", "payload is missing"},
      {R"({"event":"media","media":{"chunk":1,"timestamp":1,"payload":"####"}})",
       "media.payload character 1 is not of base64"},
      {R"({"event":"media","media":{"chunk":1,"timestamp":1,"payload":")" + big + "\"}}",
       "media.payload has 8600 characters; more than 6400 bytes of audio are not taken at once"},
      {R"({"event":"media","sequenceNumber":"1a","media":{}})",
       "sequenceNumber is not a whole number"},
      {R"({"event":"start"})", "start is not an object"},
      {R"({"event":"start","start":{}})", "mediaFormat is not an object"},
      {R"({"event":"start","start":{"mediaFormat":{}}})", "streamSid is missing"},
      {R"({"event":"start","streamSid":"M","start":{"mediaFormat":{}}})", "encoding is missing"},
      {R"({"event":"start","streamSid":"M","start":{"mediaFormat":{"encoding":"x","sampleRate":1},"customParameters":{"a":1}}})",
       "customParameters holds something that is not a text"},
      {R"({"event":"dtmf","dtmf":{"digit":"12"}})", "dtmf.digit is no key of a telephone"},
      {R"({"event":"mark"})", "mark is not an object"},
  };
  for (const auto& [text, error] : rows) {
    CAPTURE(text);
    const auto message = parse(twilio, text);
    REQUIRE_FALSE(message);
    CHECK(message.error() == error);
  }
}

TEST_CASE("message: no text of any kind brings the parser down") {
  std::string deep(60'000, '[');
  CHECK_FALSE(parse(twilio, deep));
  const std::string good =
      R"({"event":"media","sequenceNumber":"3","streamSid":"MZ","media":{"track":"inbound","chunk":"2","timestamp":"25","payload":"AQID"}})";
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    CHECK_FALSE(parse(twilio, good.substr(0, cut)));
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const char c : {'\0', '"', '{', '\xff', '9'}) {
      auto other = good;
      other[at] = c;
      const auto message = parse(twilio, other);
      if (message) CHECK(message->body.index() < 8);
    }
}

TEST_CASE("message: what is said to the provider, to the letter") {
  const Writer to_twilio(twilio, "MZ\"1"), to_telnyx(telnyx, "x");
  const std::vector<std::uint8_t> payload{1, 2, 3};
  CHECK(to_twilio.media(payload) ==
        R"({"event":"media","streamSid":"MZ\"1","media":{"payload":"AQID"}})");
  CHECK(to_twilio.mark(7) == R"({"event":"mark","streamSid":"MZ\"1","mark":{"name":"p7"}})");
  CHECK(to_twilio.clear() == R"({"event":"clear","streamSid":"MZ\"1"})");
  CHECK(to_telnyx.media(payload) == R"({"event":"media","media":{"payload":"AQID"}})");
  CHECK(to_telnyx.mark(7) == R"({"event":"mark","mark":{"name":"p7"}})");
  CHECK(to_telnyx.clear() == R"({"event":"clear"})");
  CHECK(mark_id("p7") == 7);
  for (const auto* name : {"", "p", "p0", "7", "q7", "p7x", "p-7"}) CHECK_FALSE(mark_id(name));
}
