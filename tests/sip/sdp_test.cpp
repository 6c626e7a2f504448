#include "engine/sip/sdp.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::sip;

namespace {

const Payload pcmu{.type = 0, .name = "PCMU"}, pcma{.type = 8, .name = "PCMA"},
    g722{.type = 9, .name = "G722"}, l16{.type = 97, .name = "L16", .rate = 16000},
    opus{.type = 111,
         .name = "opus",
         .rate = 48000,
         .channels = 2,
         .params = "maxplaybackrate=16000;useinbandfec=1"},
    amr_wb{.type = 104, .name = "AMR-WB", .rate = 16000},
    amr_wb_aligned{.type = 105, .name = "AMR-WB", .rate = 16000, .params = "octet-align=1"};

Local side(std::vector<Payload> codecs = Local::g711()) {
  return {.media = {"192.0.2.1", 20000}, .session = 7, .codecs = std::move(codecs)};
}
const Local here = side();

// "9 G722, 101 telephone-event"
std::string shown(const std::vector<Payload>& payloads) {
  std::string text;
  for (const auto& p : payloads)
    text += (text.empty() ? "" : ", ") + std::to_string(p.type) + " " + p.name;
  return text;
}

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
      {sdp("m=audio 4000 RTP/AVP 0\r\na=maxptime:x\r\n"), "line 7: 'maxptime:x' is no packet"},
      {sdp("m=audio 4000 RTP/AVP 0\r\na=fmtp:x y\r\n"), "line 7: 'x y' is no fmtp"},
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

TEST_CASE("sdp: the answer has all codecs in common by our preference, and the keys") {
  struct Row {
    std::vector<Payload> ours;
    std::string offer, send, line;
  };
  const std::string wide =
      "m=audio 4000 RTP/AVP 0 8 9 96 101\r\na=rtpmap:96 opus/48000/2\r\n"
      "a=fmtp:96 maxplaybackrate=8000; usedtx=1\r\na=rtpmap:101 telephone-event/8000\r\n";
  const Row rows[] = {
      {{pcmu, pcma}, wide, "0 PCMU, 8 PCMA, 101 telephone-event", " 0 8 101\r\n"},
      {{pcma}, wide, "8 PCMA, 101 telephone-event", " 8 101\r\n"},
      {{g722, pcmu}, wide, "9 G722, 0 PCMU, 101 telephone-event", " 9 0 101\r\n"},
      {{opus, g722}, wide, "96 opus, 9 G722, 101 telephone-event", " 96 9 101\r\n"},
      {{opus}, wide, "96 opus, 101 telephone-event", " 96 101\r\n"},
      {{l16, pcmu},
       "m=audio 4000 RTP/AVP 100\r\na=rtpmap:100 l16/16000\r\n",
       "100 L16",
       " 100\r\n"},
      {{opus, pcmu},
       "m=audio 4000 RTP/AVP 111 0 110 101\r\na=rtpmap:111 OPUS/48000/2\r\n"
       "a=rtpmap:110 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\n",
       "111 opus, 0 PCMU, 110 telephone-event, 101 telephone-event",
       " 111 0 110 101\r\n"}};
  for (const auto& row : rows) {
    CAPTURE(row.send);
    const auto answer = answer_offer(sdp(row.offer), side(row.ours));
    REQUIRE(answer);
    CHECK(shown(answer->agreement.send) == row.send);
    CHECK(shown(answer->agreement.receive) == row.send);
    CHECK(answer->sdp.find("m=audio 20000 RTP/AVP" + row.line) != std::string::npos);
    CHECK(answer->agreement.remote.port == 4000);
  }
}

TEST_CASE("sdp: an answer says what we want of Opus, the agreement what they want") {
  const auto answer = answer_offer(sdp("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n"
                                       "a=fmtp:96 maxplaybackrate=8000; usedtx=1,\"x\r\n"),
                                   side({opus}));
  REQUIRE(answer);
  CHECK(answer->sdp.find("a=rtpmap:96 opus/48000/2\r\n"
                         "a=fmtp:96 maxplaybackrate=16000;useinbandfec=1\r\n") !=
        std::string::npos);
  CHECK(answer->agreement.send[0].params == "maxplaybackrate=8000; usedtx=1x");
}

TEST_CASE(
    "sdp: AMR-WB is answered in the format that is offered, and with its mode-set (RFC 4867)") {
  struct Row {
    const char *params, *answered, *agreed;  // no answer: refused
  };
  constexpr Row rows[] = {
      {nullptr, "", ""},
      {"octet-align=1", "octet-align=1", "octet-align=1"},
      {"octet-align=0", "", "octet-align=0"},
      {"mode-set=0,1,2", "mode-set=0,1,2", "mode-set=012"},
      {"Octet-Align=1; mode-set=2; max-red=0; mode-change-capability=2", "octet-align=1;mode-set=2",
       "Octet-Align=1; mode-set=2; max-red=0; mode-change-capability=2"},
      {"octet-align=1;crc=0;interleaving=0", "octet-align=1", "octet-align=1;crc=0;interleaving=0"},
      {"octet-align=1;crc=1", nullptr, nullptr},
      {"octet-align=1;robust-sorting=1", nullptr, nullptr},
      {"octet-align=1;interleaving=30", nullptr, nullptr},
      {"channels=2", nullptr, nullptr},
      {"mode-set=0,9", nullptr, nullptr},
      {"mode-set=", nullptr, nullptr}};
  const auto us = side({amr_wb, amr_wb_aligned, pcmu});
  for (const auto& row : rows) {
    CAPTURE(row.params);
    const std::string fmtp = row.params ? std::string("a=fmtp:98 ") + row.params + "\r\n" : "";
    const auto answer =
        answer_offer(sdp("m=audio 4000 RTP/AVP 98 0\r\na=rtpmap:98 AMR-WB/16000/1\r\n" + fmtp), us);
    REQUIRE(answer);
    CAPTURE(answer->sdp);
    if (!row.answered) {
      CHECK(shown(answer->agreement.send) == "0 PCMU");
      continue;
    }
    CHECK(shown(answer->agreement.send) == "98 AMR-WB, 0 PCMU");
    CHECK(answer->agreement.send[0].params == row.agreed);
    const std::string wanted =
        *row.answered ? std::string("a=fmtp:98 ") + row.answered + "\r\n" : "a=ptime";
    CHECK(answer->sdp.find("a=rtpmap:98 AMR-WB/16000\r\n") != std::string::npos);
    CHECK((answer->sdp.find("a=fmtp:98 ") != std::string::npos) == (*row.answered != 0));
    CHECK(answer->sdp.find(wanted) != std::string::npos);
  }
  CHECK_FALSE(answer_offer(sdp("m=audio 4000 RTP/AVP 98\r\na=rtpmap:98 AMR-WB/16000/2\r\n"), us));
  CHECK_FALSE(answer_offer(sdp("m=audio 4000 RTP/AVP 98\r\na=rtpmap:98 AMR-WB/16000\r\n"),
                           side({amr_wb_aligned})));
}

TEST_CASE("sdp: both formats of AMR-WB are offered, and the answer says which one it is") {
  const auto us = side({amr_wb, amr_wb_aligned, pcmu});
  const auto offer = write_offer(us);
  CHECK(offer.find("m=audio 20000 RTP/AVP 104 105 0 101 113\r\n") != std::string::npos);
  CHECK(offer.find("a=rtpmap:104 AMR-WB/16000\r\na=rtpmap:105 AMR-WB/16000\r\n"
                   "a=fmtp:105 octet-align=1\r\n") != std::string::npos);
  const auto agreed = accept_answer(
      sdp("m=audio 4000 RTP/AVP 98 0 99\r\na=rtpmap:98 AMR-WB/16000\r\n"
          "a=fmtp:98 octet-align=1;mode-set=0,1\r\na=rtpmap:99 telephone-event/16000\r\n"),
      us);
  REQUIRE(agreed);
  CHECK(shown(agreed->send) == "98 AMR-WB, 0 PCMU, 99 telephone-event");
  CHECK(shown(agreed->receive) == "105 AMR-WB, 0 PCMU, 113 telephone-event");
  CHECK(agreed->send[0].params == "octet-align=1;mode-set=01");
  const auto both = answer_offer(offer, us);
  REQUIRE(both);
  CHECK(shown(both->agreement.send) ==
        "104 AMR-WB, 105 AMR-WB, 0 PCMU, 113 telephone-event, 101 telephone-event");
  CHECK(both->sdp.find("a=fmtp:105 octet-align=1\r\n") != std::string::npos);
}

TEST_CASE("sdp: our offer is understood by an answerer with numbers and an order of its own") {
  const auto us = side({opus, g722, pcmu, pcma});
  const auto offer = write_offer(us);
  CHECK(offer.find("m=audio 20000 RTP/AVP 111 9 0 8 101 110\r\n") != std::string::npos);
  const auto agreed =
      accept_answer(sdp("m=audio 4000 RTP/AVP 8 96 97\r\na=rtpmap:96 opus/48000/2\r\n"
                        "a=rtpmap:97 telephone-event/8000\r\na=ptime:40\r\n"),
                    us);
  REQUIRE(agreed);
  CHECK(agreed->codec() == "PCMA");
  CHECK(agreed->ptime == 40);
  CHECK(shown(agreed->send) == "8 PCMA, 96 opus, 97 telephone-event");
  CHECK(shown(agreed->receive) == "8 PCMA, 111 opus, 101 telephone-event");
  CHECK_FALSE(accept_answer(sdp("m=audio 4000 RTP/AVP 3\r\n"), us));
}

TEST_CASE("sdp: packets are as long as they want them, from 10 to 60 ms") {
  struct Row {
    const char* lines;
    int ptime;
  };
  constexpr Row rows[] = {{"", 20},
                          {"a=ptime:10\r\n", 10},
                          {"a=ptime:30\r\n", 30},
                          {"a=ptime:25\r\n", 20},
                          {"a=ptime:5\r\n", 10},
                          {"a=ptime:200\r\n", 60},
                          {"a=ptime:60\r\na=maxptime:40\r\n", 40},
                          {"a=maxptime:10\r\n", 10}};
  for (const auto& row : rows) {
    CAPTURE(row.lines);
    const auto answer =
        answer_offer(sdp(std::string("m=audio 4000 RTP/AVP 0\r\n") + row.lines), here);
    REQUIRE(answer);
    CHECK(answer->agreement.ptime == row.ptime);
    CHECK(answer->sdp.find("a=ptime:" + std::to_string(row.ptime) + "\r\n") != std::string::npos);
  }
}

TEST_CASE("sdp: another description of a call has the same id and a higher version") {
  auto us = side();
  CHECK(write_offer(us).find("o=parley 7 1 IN IP4 192.0.2.1\r\n") != std::string::npos);
  us.version = 2;
  CHECK(answer_offer(plain, us)->sdp.find("o=parley 7 2 IN IP4") != std::string::npos);
}

TEST_CASE("sdp: a dynamic payload type keeps the offerer's number") {
  const auto answer = answer_offer(sdp("m=audio 4000 RTP/AVP 3 112 97\r\na=rtpmap:112 pcmu/8000\r\n"
                                       "a=rtpmap:97 telephone-event/8000\r\n"),
                                   here);
  REQUIRE(answer);
  CHECK(answer->agreement.codec() == "PCMU");
  CHECK(answer->agreement.payload_type() == 112);
  CHECK(answer->agreement.dtmf_type() == 97);
  CHECK(answer->sdp.find("m=audio 20000 RTP/AVP 112 97\r\n") != std::string::npos);
}

TEST_CASE("sdp: no codec in common is an error that names both sides'") {
  const auto answer =
      answer_offer(sdp("m=audio 4000 RTP/AVP 18 111\r\na=rtpmap:111 opus/48000/2\r\n"), here);
  REQUIRE_FALSE(answer);
  CHECK(answer.error() == "SDP: no codec in common: they have type 18, OPUS, we have PCMU, PCMA");
}

TEST_CASE("sdp: a wide-band stream that calls itself PCMU is not taken for ours") {
  CHECK_FALSE(answer_offer(sdp("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMU/16000\r\n"), here));
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
    const auto answer = answer_offer(offer, here);
    REQUIRE(answer);
    CHECK(answer->agreement.sends == row.sends);
    CHECK(answer->agreement.receives == row.receives);
    CHECK(answer->sdp.find(std::string("a=") + row.ours + "\r\n") != std::string::npos);
  }
}

TEST_CASE("sdp: hold by address 0.0.0.0 means that they receive nothing") {
  const auto answer = answer_offer(sdp("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 0.0.0.0\r\n"), here);
  REQUIRE(answer);
  CHECK_FALSE(answer->agreement.sends);
  CHECK(answer->agreement.held());
}

TEST_CASE("sdp: every stream of the offer has its line in the answer, ours alone is taken") {
  const auto answer = answer_offer(
      sdp("m=video 5000 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\nm=audio 4000 RTP/AVP 0\r\n"
          "m=audio 4002 RTP/AVP 0\r\n"),
      here);
  REQUIRE(answer);
  const auto at = answer->sdp.find("m=");
  CHECK(answer->sdp.substr(at, 66) ==
        "m=video 0 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\nm=audio 20000 RTP/AVP 0");
  CHECK(answer->sdp.ends_with("m=audio 0 RTP/AVP 0\r\n"));
}

TEST_CASE("sdp: our offer has both codecs and telephone-event, and its answer is understood") {
  const auto offer = write_offer(here);
  const auto read = parse_sdp(offer);
  REQUIRE(read);
  CHECK(read->payloads.size() == 3);
  const auto answer = answer_offer(offer, {.media = {"192.0.2.5", 30000}, .session = 8});
  REQUIRE(answer);
  CHECK(accept_answer(answer->sdp, here)->remote.host == "192.0.2.5");
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
    auto text = i % 2 ? plain : write_offer(side({opus, g722, amr_wb_aligned, pcmu}));
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
      for (const auto& us : {here, side({amr_wb, amr_wb_aligned})})
        if (const auto answer = answer_offer(text, us)) REQUIRE(parse_sdp(answer->sdp));
    } else {
      REQUIRE(read.error().size() < 300);
      REQUIRE(read.error().find('\n') == std::string::npos);
    }
  }
}

namespace {

const std::string gcm_key = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==";
const std::string cm_key = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^31";

std::string offer_with(const std::string& protocol, const std::string& lines) {
  return sdp("m=audio 4000 " + protocol + " 0\r\n" + lines);
}

Local secure_side(Security security) {
  auto local = side();
  local.security = security;
  if (security != Security::off) local.crypto = make_crypto_offer();
  return local;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("sdp: SRTP is answered when it is offered, with the suite that we like best") {
  const auto lines = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + cm_key + "\r\na=crypto:4 " +
                     "AEAD_AES_128_GCM " + gcm_key + "\r\n";
  for (const auto security : {Security::optional, Security::required})
    for (const std::string protocol : {"RTP/SAVP", "RTP/AVP"}) {  // the latter by RFC 8643
      CAPTURE(protocol);
      const auto local = secure_side(security);
      const auto answer = answer_offer(offer_with(protocol, lines), local);
      REQUIRE(answer);
      REQUIRE(answer->agreement.keys);
      CHECK(answer->agreement.keys->theirs.suite() == SrtpSuite::aead_aes_128_gcm);
      CHECK(answer->agreement.keys->theirs.bytes()[27] == 27);
      CHECK(answer->agreement.keys->ours == local.crypto[0].key);
      CHECK(answer->sdp.find("m=audio 20000 " + protocol + " 0\r\n") != std::string::npos);
      CHECK(answer->sdp.find("a=crypto:4 AEAD_AES_128_GCM inline:") != std::string::npos);
      CHECK(count(answer->sdp, "a=crypto:") == 1);
      CHECK(answer->sdp.find(gcm_key) == std::string::npos);  // a key of our own
    }
}

TEST_CASE("sdp: SRTP where it is not wanted, and plain RTP where SRTP is a must, get a 488") {
  const auto crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + cm_key + "\r\n";
  struct Row {
    const char* what;
    std::string offer;
    Security security;
    bool agreed, secure;
  };
  const Row rows[] = {
      {"off, plain", offer_with("RTP/AVP", ""), Security::off, true, false},
      {"off, both", offer_with("RTP/AVP", crypto), Security::off, true, false},
      {"off, SAVP", offer_with("RTP/SAVP", crypto), Security::off, false, false},
      {"off, SAVP then AVP", offer_with("RTP/SAVP", crypto) + "m=audio 4002 RTP/AVP 0\r\n",
       Security::off, true, false},
      {"optional, plain", offer_with("RTP/AVP", ""), Security::optional, true, false},
      {"optional, no suite of ours",
       offer_with("RTP/SAVP", "a=crypto:1 F8_128_HMAC_SHA1_80 " + cm_key + "\r\n"),
       Security::optional, false, false},
      {"optional, SAVP without keys", offer_with("RTP/SAVP", ""), Security::optional, false, false},
      {"required, plain", offer_with("RTP/AVP", ""), Security::required, false, false},
      {"required, SAVP", offer_with("RTP/SAVP", crypto), Security::required, true, true}};
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const auto answer = answer_offer(row.offer, secure_side(row.security));
    REQUIRE(bool(answer) == row.agreed);
    if (answer) CHECK(bool(answer->agreement.keys) == row.secure);
    if (!answer) CHECK(answer.error().find("S") != std::string::npos);
  }
}

TEST_CASE("sdp: a call that is plain stays so, whatever another offer has") {
  auto local = secure_side(Security::optional);
  local.security = Security::off;  // agreed on before
  const auto answer = answer_offer(
      offer_with("RTP/AVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + cm_key + "\r\n"), local);
  REQUIRE(answer);
  CHECK_FALSE(answer->agreement.keys);
  CHECK(answer->sdp.find("crypto") == std::string::npos);
  CHECK(write_offer(local).find("crypto") == std::string::npos);
}

TEST_CASE("sdp: our offer of SRTP and its answer agree on both keys") {
  for (const auto security : {Security::optional, Security::required}) {
    const auto a = secure_side(security), b = secure_side(Security::optional);
    const auto offer = write_offer(a);
    CHECK(offer.find(security == Security::required ? "RTP/SAVP" : "RTP/AVP") != std::string::npos);
    CHECK(count(offer, "a=crypto:") == srtp_suites.size());
    const auto answer = answer_offer(offer, b);
    REQUIRE(answer);
    const auto agreed = accept_answer(answer->sdp, a);
    REQUIRE(agreed);
    REQUIRE(agreed->keys);
    CHECK(agreed->keys->ours == answer->agreement.keys->theirs);
    CHECK(agreed->keys->theirs == answer->agreement.keys->ours);
    // Another description of the same call: the same keys.
    CHECK(answer_offer(offer, b)->agreement.keys->ours == answer->agreement.keys->ours);
    const auto plain_answer = answer_offer(write_offer(side()), side());
    CHECK(bool(accept_answer(plain_answer->sdp, a)) == (security == Security::optional));
  }
}

TEST_CASE("sdp: RTCP goes with RTP when both can, else where the other side says") {
  auto answer = answer_offer(offer_with("RTP/AVP", "a=rtcp-mux\r\na=rtcp:4001\r\n"), here);
  REQUIRE(answer);
  CHECK(answer->agreement.rtcp_mux);
  CHECK(answer->sdp.find("a=rtcp-mux\r\n") != std::string::npos);
  answer = answer_offer(offer_with("RTP/AVP", "a=rtcp:5001 IN IP4 192.0.2.9\r\n"), here);
  CHECK_FALSE(answer->agreement.rtcp_mux);
  CHECK(answer->agreement.rtcp_port == 5001);
  CHECK(answer->sdp.find("rtcp-mux") == std::string::npos);
  CHECK(answer_offer(offer_with("RTP/AVP", ""), here)->agreement.rtcp_port == 0);
  CHECK_FALSE(answer_offer(offer_with("RTP/AVP", "a=rtcp:x\r\n"), here));
  CHECK(write_offer(here).find("a=rtcp-mux\r\n") != std::string::npos);
}
