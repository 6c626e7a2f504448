#include "engine/media_stream/stream.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/base/base64.hpp"
#include "plugins/rtp/rtp_packet.hpp"

using namespace parley;
using namespace parley::media_stream;

namespace {

constexpr auto start =
    R"({"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"callSid":"CA1","mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}})";
constexpr auto media =
    R"({"event":"media","sequenceNumber":"2","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"AQID"}})";
constexpr auto stop = R"({"event":"stop","sequenceNumber":"3","streamSid":"MZ1","stop":{}})";

Fault fault_of(std::initializer_list<const char*> messages) {
  Stream stream(twilio);
  std::optional<Heard> last;
  for (const auto* m : messages) last = stream.take(m);
  REQUIRE(last);
  REQUIRE(std::holds_alternative<Fault>(*last));
  CHECK_FALSE(stream.take(start));  // it is over
  return std::get<Fault>(*last);
}

std::string start_with(const char* encoding, int rate, int channels) {
  return std::string(R"({"event":"start","streamSid":"MZ1","start":{"mediaFormat":{"encoding":")") +
         encoding + R"(","sampleRate":)" + std::to_string(rate) + R"(,"channels":)" +
         std::to_string(channels) + "}}}";
}

}  // namespace

TEST_CASE("stream: connected, start, media, stop become a start, RTP and an end") {
  Stream stream(twilio);
  CHECK_FALSE(stream.take(R"({"event":"connected","protocol":"Call","version":"1.0.0"})"));
  const auto started = stream.take(start);
  REQUIRE(started);
  CHECK(std::get<Started>(*started).codec->name == "PCMU");
  CHECK(std::get<Started>(*started).start.call == "CA1");
  const auto audio = stream.take(media);
  REQUIRE(audio);
  const auto& bytes = std::get<Audio>(*audio).packet;
  const auto packet = rtp::parse(bytes);
  REQUIRE(packet);
  CHECK(packet->payload_type == 0);
  CHECK(packet->sequence == 1);
  CHECK(packet->timestamp == 160);
  CHECK(std::vector(packet->payload.begin(), packet->payload.end()) ==
        std::vector<std::uint8_t>{1, 2, 3});
  const auto key = stream.take(R"({"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"5"}})");
  REQUIRE(key);
  CHECK(std::get<Key>(*key).digit == '5');
  const auto played = stream.take(R"({"event":"mark","streamSid":"MZ1","mark":{"name":"p12"}})");
  REQUIRE(played);
  CHECK(std::get<Played>(*played).mark == 12);
  const auto stopped = stream.take(stop);
  REQUIRE(stopped);
  CHECK(std::holds_alternative<Stopped>(*stopped));
  CHECK_FALSE(stream.take(media));  // nothing counts after that
}

TEST_CASE("stream: an order that cannot be meant ends it, in so many words") {
  for (const auto* early : {media, stop, R"({"event":"dtmf","streamSid":"M","dtmf":{"digit":"5"}})",
                            R"({"event":"mark","streamSid":"M","mark":{"name":"p1"}})"}) {
    const auto fault = fault_of({early});
    CHECK(fault.code == 1002);
    CHECK(fault.reason == "media, dtmf, mark or stop came before start");
  }
  CHECK(fault_of({start, start}).reason == "a second start");
  CHECK(fault_of({"garbage"}).reason == "the message is not JSON");
}

TEST_CASE("stream: a format that is not taken is refused by name") {
  struct Row {
    const char* encoding;
    int rate, channels, payload_type;  // -1: refused
  };
  const Row rows[] = {
      {"audio/x-mulaw", 8000, 1, 0}, {"PCMU", 8000, 1, 0},    {"PCMA", 8000, 1, 8},
      {"G722", 16000, 1, 9},         {"G722", 8000, 1, 9},    {"OPUS", 48000, 1, 111},
      {"OPUS", 16000, 1, 111},       {"PCMU", 16000, 1, -1},  {"PCMU", 8000, 2, -1},
      {"AMR-WB", 16000, 1, 104},     {"L16", 16000, 1, 97},   {"OPUS", 44100, 1, -1},
      {"L16", 8000, 1, 98},          {"L16", 24000, 1, -1},   {"L16", 22050, 1, -1},
      {"L16", 16000, 2, -1},         {"AMR-WB", 8000, 1, -1}, {"G729", 8000, 1, -1}};
  for (const auto& row : rows) {
    CAPTURE(row.encoding);
    Stream stream(twilio);
    const auto heard = stream.take(start_with(row.encoding, row.rate, row.channels));
    REQUIRE(heard);
    if (row.payload_type >= 0) {
      CHECK(std::get<Started>(*heard).codec->usual_type == row.payload_type);
    } else {
      CHECK(std::get<Fault>(*heard).code == 1003);
      CHECK(std::get<Fault>(*heard).reason.find(row.encoding) == 0);
    }
  }
}

TEST_CASE("stream: a wrong message is dropped and counted; a hundred end it") {
  Stream stream(twilio);
  stream.take(start);
  for (unsigned i = 1; i < Stream::mistakes_max; ++i) {
    CHECK_FALSE(stream.take("garbage"));
    CHECK(stream.take(media));
  }
  CHECK(stream.counters().malformed == Stream::mistakes_max - 1);
  const auto last = stream.take(R"({"event":"media","streamSid":"other"})");
  REQUIRE(last);
  CHECK(std::get<Fault>(*last).code == 1008);
  CHECK(std::get<Fault>(*last).reason ==
        "100 messages were wrong, the last one: media is not an object");
}

TEST_CASE(
    "stream: another stream's messages are mistakes; other tracks, marks, events are ignored") {
  Stream stream(twilio);
  stream.take(start);
  CHECK_FALSE(stream.take(
      R"({"event":"media","streamSid":"MZ2","media":{"chunk":"1","timestamp":"20","payload":"AQID"}})"));
  CHECK(stream.counters().malformed == 1);
  CHECK(stream.last_mistake() == "streamSid is not the one of start");
  CHECK_FALSE(stream.take(
      R"({"event":"media","streamSid":"MZ1","media":{"track":"outbound","chunk":"1","timestamp":"20","payload":"AQID"}})"));
  CHECK_FALSE(stream.take(R"({"event":"mark","streamSid":"MZ1","mark":{"name":"other"}})"));
  CHECK_FALSE(stream.take(R"({"event":"sparkle","streamSid":"MZ1"})"));
  CHECK(stream.counters().ignored == 3);
  CHECK(stream.take(
      R"({"event":"media","sequenceNumber":"1","media":{"chunk":"1","timestamp":"20","payload":"AQID"}})"));
  CHECK(stream.counters().out_of_order == 1);
}

TEST_CASE("stream: timestamps run by the codec's clock") {
  Stream stream(telnyx);
  stream.take(
      R"({"event":"start","stream_id":"1","start":{"media_format":{"encoding":"OPUS","sample_rate":16000}}})");
  const auto stamp = [&](const char* chunk, const char* ms, const char* payload) {
    const auto heard =
        stream.take(std::string(R"({"event":"media","media":{"chunk":")") + chunk +
                    R"(","timestamp":")" + ms + R"(","payload":")" + payload + "\"}}");
    REQUIRE(heard);
    return rtp::parse(std::get<Audio>(*heard).packet)->timestamp;
  };
  CHECK(stamp("1", "20", "SAEC") == 960);  // 20 ms of wideband SILK
  CHECK(stamp("2", "41", "SAEC") == 1920);
  CHECK(stamp("4", "80", "SAEC") == 3840);
  CHECK_FALSE(
      stream.take(R"({"event":"media","media":{"chunk":"5","timestamp":"9","payload":"/w=="}})"));
  CHECK(stream.counters().malformed == 1);
}

TEST_CASE("stream: L16 goes on in network order, whichever order it comes in") {
  for (const bool swapped : {false, true}) {
    CAPTURE(swapped);
    Stream stream(telnyx);
    stream.take(
        R"({"event":"start","stream_id":"1","start":{"media_format":{"encoding":"L16","sample_rate":16000}}})");
    std::vector<std::uint8_t> last;
    bool known = false;
    for (int chunk = 1; chunk <= 10; ++chunk) {
      std::vector<std::uint8_t> payload;
      for (int i = 0; i < 320; ++i) {
        const int s = 40 * ((chunk * 320 + i) % 200);
        payload.push_back(std::uint8_t(s >> 8));
        payload.push_back(std::uint8_t(s));
      }
      last = payload;
      if (swapped) swap_bytes(payload);
      const auto heard = stream.take(
          R"({"event":"media","media":{"chunk":")" + std::to_string(chunk) + R"(","timestamp":")" +
          std::to_string(20 * chunk) + R"(","payload":")" + encode_base64(payload) + "\"}}");
      REQUIRE(heard);
      const auto& audio = std::get<Audio>(*heard);
      known = audio.swapped;
      if (chunk < 10) continue;
      const auto packet = rtp::parse(audio.packet);
      REQUIRE(packet);
      CHECK(packet->payload_type == 97);
      CHECK(packet->timestamp == 3200);
      CHECK(std::ranges::equal(packet->payload, last));
    }
    CHECK(known == swapped);
  }
}
