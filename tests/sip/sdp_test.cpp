#include "engine/sip/sdp.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::sip;

namespace {

const MediaAddress here{"192.0.2.1", 20000};

std::string sdp(const std::string& rest, const std::string& connection = "c=IN IP4 192.0.2.9\r\n") {
  return "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n" + connection + "t=0 0\r\n" + rest;
}

const std::string plain =
    sdp("m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n");

}  // namespace

TEST_CASE("sdp: a description says address, payloads, packet time and direction") {
  const auto read = parse_sdp(
      sdp("m=audio 4000 RTP/AVP 0 8 96\r\na=rtpmap:96 Telephone-Event/8000\r\na=ptime:30\r\n"
          "a=sendonly\r\n"));
  REQUIRE(read);
  CHECK(read->media.host == "192.0.2.9");
  CHECK(read->media.port == 4000);
  REQUIRE(read->payloads.size() == 3);
  CHECK(read->payloads[0].name == "PCMU");
  CHECK(read->payloads[1].name == "PCMA");
  CHECK(read->payloads[2].name == "TELEPHONE-EVENT");
  CHECK(read->payloads[2].type == 96);
  CHECK(read->ptime == 30);
  CHECK(read->sends);
  CHECK_FALSE(read->receives);
}

TEST_CASE("sdp: what stands in the audio section goes before what stands above it") {
  const auto read = parse_sdp(
      sdp("a=inactive\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 198.51.100.7\r\na=sendrecv\r\n"));
  REQUIRE(read);
  CHECK(read->media.host == "198.51.100.7");
  CHECK(read->sends);
  CHECK(read->receives);
}

TEST_CASE("sdp: an error names the line and what is wrong with it") {
  struct Row {
    std::string text;
    const char* says;
  };
  const Row rows[] = {
      {"", "SDP: empty"},
      {"hello\r\n", "line 1: 'hello' is not type=value"},
      {"v=1\r\n", "line 1: 'v=1' where v=0 must be"},
      {"v=0\r\n", "the o= line is missing"},
      {sdp(""), "there is no m=audio line"},
      {sdp("m=audio 40"), "line 6: cut off"},
      {sdp("m=audio 40\r\n"), "line 6: 'audio 40' is not kind, port, protocol"},
      {sdp("m=audio x RTP/AVP 0\r\n"), "line 6: 'x' is no port"},
      {sdp("m=audio 70000 RTP/AVP 0\r\n"), "line 6: '70000' is no port"},
      {sdp("m=audio 4000 RTP/AVP\r\n"), "line 6: has no payload type"},
      {sdp("m=audio 4000 RTP/AVP 128\r\n"), "line 6: '128' is no payload type"},
      {sdp("m=audio 4000 RTP/AVP 0\r\n", ""), "line 5: no c= line gives its address"},
      {sdp("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP6 ::1\r\n"), "line 4: 'IN IP6 ::1' is no numeric"},
      {sdp("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 pbx.example\r\n"), "line 4:"},
      {sdp("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0\r\n"), "line 7: '0' is no rtpmap"},
      {sdp("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/x\r\n"), "line 7: '0 PCMU/x' has no clock"},
      {sdp("m=audio 4000 RTP/AVP 0\r\na=ptime:0\r\n"), "line 7: 'ptime:0' is no packet time"},
      {sdp("m=audio 4000 RTP/SAVP 0\r\n"), "no audio over RTP/AVP, only RTP/SAVP"},
      {sdp("m=video 4000 RTP/AVP 31\r\n"), "there is no m=audio line"},
      {std::string("v=0\r\no=\0\r\n", 9), "line 2: holds a zero byte"},
      {std::string(20000, 'a'), "SDP: 20000 bytes, more than 16384"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto read = parse_sdp(row.text);
    REQUIRE_FALSE(read);
    CHECK_MESSAGE(read.error().find(row.says) != std::string::npos, read.error());
  }
}

TEST_CASE("sdp: wherever it is cut, there is a description or an error, never a shorter address") {
  for (std::size_t n = 0; n <= plain.size(); ++n)
    if (const auto read = parse_sdp(std::string_view(plain).substr(0, n))) {
      CHECK(read->media.host == "192.0.2.9");
      CHECK(read->payloads.size() == 3);
    }
}

TEST_CASE("sdp: the answer takes the offerer's first codec we have and its telephone-event") {
  const auto answer = answer_offer(plain, here, 7);
  REQUIRE(answer);
  CHECK(answer->agreement.codec == "PCMA");
  CHECK(answer->agreement.payload_type == 8);
  CHECK(answer->agreement.dtmf_type == 101);
  CHECK(answer->agreement.remote.port == 4000);
  const auto back = accept_answer(answer->sdp);
  REQUIRE(back);
  CHECK(back->codec == "PCMA");
  CHECK(back->dtmf_type == 101);
  CHECK(back->remote.host == "192.0.2.1");
  CHECK(back->remote.port == 20000);
}

TEST_CASE("sdp: a dynamic payload type keeps the offerer's number") {
  const auto answer = answer_offer(sdp("m=audio 4000 RTP/AVP 9 112 97\r\na=rtpmap:112 pcmu/8000\r\n"
                                       "a=rtpmap:97 telephone-event/8000\r\n"),
                                   here, 7);
  REQUIRE(answer);
  CHECK(answer->agreement.codec == "PCMU");
  CHECK(answer->agreement.payload_type == 112);
  CHECK(answer->agreement.dtmf_type == 97);
  CHECK(answer->sdp.find("m=audio 20000 RTP/AVP 112 97\r\n") != std::string::npos);
}

TEST_CASE("sdp: no codec in common is an error that names both sides'") {
  const auto answer =
      answer_offer(sdp("m=audio 4000 RTP/AVP 18 111\r\na=rtpmap:111 opus/48000/2\r\n"), here, 7);
  REQUIRE_FALSE(answer);
  CHECK(answer.error() ==
        "SDP: no codec in common: they have type 18, OPUS, we have PCMU and PCMA");
}

TEST_CASE("sdp: a wide-band stream that calls itself PCMU is not taken for ours") {
  CHECK_FALSE(answer_offer(sdp("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMU/16000\r\n"), here, 7));
}

TEST_CASE("sdp: hold is answered with its mirror") {
  struct Row {
    const char *theirs, *ours;
    bool sends, receives;
  };
  const Row rows[] = {{"sendrecv", "sendrecv", true, true},
                      {"sendonly", "recvonly", false, true},
                      {"recvonly", "sendonly", true, false},
                      {"inactive", "inactive", false, false}};
  for (const auto& row : rows) {
    CAPTURE(row.theirs);
    const auto offer = sdp(std::string("m=audio 4000 RTP/AVP 0\r\na=") + row.theirs + "\r\n");
    const auto answer = answer_offer(offer, here, 7);
    REQUIRE(answer);
    CHECK(answer->agreement.sends == row.sends);
    CHECK(answer->agreement.receives == row.receives);
    CHECK(answer->sdp.find(std::string("a=") + row.ours + "\r\n") != std::string::npos);
    const auto again = answer_again(answer_offer(plain, here, 7)->sdp, offer);
    CHECK(again.find(std::string("a=") + row.ours + "\r\n") != std::string::npos);
  }
}

TEST_CASE("sdp: hold by address 0.0.0.0 means that they receive nothing") {
  const auto answer =
      answer_offer(sdp("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 0.0.0.0\r\n"), here, 7);
  REQUIRE(answer);
  CHECK_FALSE(answer->agreement.sends);
}

TEST_CASE("sdp: every stream of the offer has its line in the answer, ours alone is taken") {
  const auto answer = answer_offer(
      sdp("m=video 5000 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\nm=audio 4000 RTP/AVP 0\r\n"
          "m=audio 4002 RTP/AVP 0\r\n"),
      here, 7);
  REQUIRE(answer);
  const auto at = answer->sdp.find("m=");
  CHECK(answer->sdp.substr(at, 66) ==
        "m=video 0 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\nm=audio 20000 RTP/AVP 0");
  CHECK(answer->sdp.ends_with("m=audio 0 RTP/AVP 0\r\n"));
}

TEST_CASE("sdp: our offer has both codecs and telephone-event, and its answer is understood") {
  const auto offer = write_offer(here, 7);
  const auto read = parse_sdp(offer);
  REQUIRE(read);
  CHECK(read->payloads.size() == 3);
  const auto answer = answer_offer(offer, {"192.0.2.5", 30000}, 8);
  REQUIRE(answer);
  CHECK(accept_answer(answer->sdp)->remote.host == "192.0.2.5");
}

TEST_CASE("sdp: mutated text gives a value or an error that fits on a line, 20,000 times") {
  constexpr unsigned seed = 20240601;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return std::size_t(random() % n); };
  const std::vector<std::string> pieces{"m=audio ",
                                        "a=rtpmap:",
                                        "c=IN IP4 ",
                                        "\r\n",
                                        "/",
                                        " ",
                                        "=",
                                        std::string(1, '\0'),
                                        "99999999999999999999",
                                        "-1",
                                        "\xff",
                                        "m=",
                                        "v=0\r\n",
                                        "0.0.0.0"};
  for (int i = 0; i < 20000; ++i) {
    auto text = i % 2 ? plain : write_offer(here, 7);
    for (auto changes = 1 + below(6); changes > 0; --changes) {
      const auto at = below(text.size() + 1);
      switch (below(4)) {
        case 0:
          text.insert(at, pieces[below(pieces.size())]);
          break;
        case 1:
          text.erase(at, below(12));
          break;
        case 2:
          text.resize(at);
          break;
        default:
          if (at < text.size()) text[at] = char(below(256));
      }
    }
    if (const auto read = parse_sdp(text)) {
      REQUIRE(read->media.port > 0);
      REQUIRE_FALSE(read->payloads.empty());
      if (const auto answer = answer_offer(text, here, 7)) REQUIRE(parse_sdp(answer->sdp));
    } else {
      REQUIRE(read.error().size() < 300);
      REQUIRE(read.error().find('\n') == std::string::npos);
    }
  }
}
