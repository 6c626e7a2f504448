// sdp: reads line by line, so that an error can name the line; keeps what one audio stream needs.
//
// Threads: none; pure. RFC 4566 (the text), RFC 3264 (offer and answer), RFC 3551 and RFC 4733 (the
// payload types).

#include "engine/sip/sdp.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <iterator>

#include "engine/sip/formats.hpp"

namespace parley::sip {
namespace {

constexpr std::size_t longest_text = 16 * 1024;
constexpr std::size_t most_payloads = 64;
constexpr std::size_t longest_params = 256;
constexpr std::size_t most_crypto = 16;
constexpr std::string_view plain_protocol = "RTP/AVP", secure_protocol = "RTP/SAVP";
constexpr int shortest_ptime = 10, usual_ptime = 20, longest_ptime = 60;  // ms
constexpr const char* dtmf_events = "0-15";

// Payload types that need no a=rtpmap (RFC 3551) and may be ours.
constexpr struct {
  int type;
  const char* name;
} fixed_types[] = {{0, "PCMU"}, {8, "PCMA"}, {9, "G722"}};

// What we call telephone-event of a clock when we offer it.
constexpr struct { int rate, type; } dtmf_types[] = {{8000, 101}, {48000, 110}, {16000, 113}};

Error at_line(int line, std::string_view what) {
  return Error{fmt::format("SDP line {}: {}", line, what)};
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = char(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// For an error sentence: short, and without anything a terminal would obey.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 40));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

// Parameters go on to those who don't know SDP: letters, digits and what stands between them, but
// no comma, which parts the entries of a payload map.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) ||
        std::string_view("=;.-_ ").find(c) != std::string_view::npos)
      out += c;
  return out;
}

// The next word of `rest`, without it; empty at the end.
std::string_view word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const auto end = std::min(rest.find(' '), rest.size());
  const auto out = rest.substr(0, end);
  rest.remove_prefix(end);
  return out;
}

std::optional<int> number(std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  if (value < least || value > most) return {};
  return value;
}

bool is_ipv4(std::string_view host) {
  in_addr ignored{};
  return inet_pton(AF_INET, std::string(host).c_str(), &ignored) == 1;
}

enum class Direction { sendrecv, sendonly, recvonly, inactive };

std::optional<Direction> direction(std::string_view attribute) {
  if (attribute == "sendrecv") return Direction::sendrecv;
  if (attribute == "sendonly") return Direction::sendonly;
  if (attribute == "recvonly") return Direction::recvonly;
  if (attribute == "inactive") return Direction::inactive;
  return {};
}

const char* direction_name(bool sends, bool receives) {
  if (sends) return receives ? "sendrecv" : "sendonly";
  return receives ? "recvonly" : "inactive";
}

bool is_ours(std::string_view protocol, Security security) {
  return protocol == plain_protocol || (protocol == secure_protocol && security != Security::off);
}

// Reads one description. Session-level values stand until the first audio section has its own;
// what belongs to further sections is skipped.
class Reader {
 public:
  explicit Reader(Security security) : security_(security) {}

  Result<Description> read(std::string_view text) {
    if (text.empty()) return Error{"SDP: empty"};
    if (text.size() > longest_text)
      return Error{fmt::format("SDP: {} bytes, more than {}", text.size(), longest_text)};
    while (!text.empty()) {
      ++line_;
      const auto end = text.find('\n');
      auto content = text.substr(0, end);
      // Some leave out the last end of line. An address or a stream without it may have been cut.
      if (end == text.npos && (content.starts_with("c=") || content.starts_with("m=")))
        return at_line(line_, "cut off: it has no end of line");
      if (content.ends_with('\r')) content.remove_suffix(1);
      text.remove_prefix(std::min(end, text.size() - 1) + 1);
      if (auto read = take(content); !read) return Error{read.error()};
    }
    return finish();
  }

 private:
  enum class Section { session, audio, other };

  Status take(std::string_view content) {
    if (content.empty()) return line_ == 1 ? Status(wrong("empty")) : ok();
    if (content.size() < 2 || content[1] != '=')
      return wrong(fmt::format("'{}' is not type=value", shown(content)));
    const auto value = content.substr(2);
    if (value.find('\0') != value.npos) return wrong("holds a zero byte");
    if (line_ == 1 && content != "v=0")
      return wrong(fmt::format("'{}' where v=0 must be", shown(content)));
    switch (content[0]) {
      case 'o':
        has_origin_ = true;
        return ok();
      case 'm':
        return media(value);
      case 'c':
        return connection(value);
      case 'a':
        return attribute(value);
      default:
        return ok();
    }
  }

  Status media(std::string_view value) {
    auto rest = value;
    const auto kind = word(rest), port_text = word(rest), protocol = word(rest);
    if (protocol.empty())
      return wrong(fmt::format("'{}' is not kind, port, protocol and payload types", shown(value)));
    if (kind != "audio" || found_) {
      section_ = Section::other;
      return ok();
    }
    // "49170/2" asks for several ports; the first is the stream's.
    const auto port = number(port_text.substr(0, port_text.find('/')), 0, 65535);
    if (!port) return wrong(fmt::format("'{}' is no port", shown(port_text)));
    if (*port == 0 ||
        !is_ours(protocol, security_)) {  // refused, or of a kind that is not ours: look on
      section_ = Section::other;
      passed_over_ = *port == 0 ? "an audio stream with port 0" : shown(protocol);
      return ok();
    }
    section_ = Section::audio;
    found_ = true;
    media_line_ = line_;
    out_.media.port = *port;
    out_.secure = protocol == secure_protocol;
    out_.rtcp_port = 0;
    for (auto type = word(rest); !type.empty(); type = word(rest)) {
      const auto payload = number(type, 0, 127);
      if (!payload) return wrong(fmt::format("'{}' is no payload type", shown(type)));
      if (out_.payloads.size() == most_payloads) return wrong("has too many payload types");
      out_.payloads.push_back({.type = *payload});
    }
    if (out_.payloads.empty()) return wrong("has no payload type");
    return ok();
  }

  Status connection(std::string_view value) {
    if (section_ == Section::other) return ok();
    auto rest = value;
    const auto net = word(rest), family = word(rest);
    auto host = word(rest);
    host = host.substr(0, host.find('/'));  // a multicast time to live
    if (net != "IN" || family != "IP4" || !is_ipv4(host))
      return wrong(fmt::format("'{}' is no numeric IPv4 address (IN IP4 a.b.c.d)", shown(value)));
    (section_ == Section::audio ? audio_host_ : session_host_) = std::string(host);
    return ok();
  }

  Status attribute(std::string_view value) {
    if (section_ == Section::other) return ok();
    if (const auto way = direction(value)) {
      (section_ == Section::audio ? audio_direction_ : session_direction_) = *way;
      return ok();
    }
    if (section_ != Section::audio) return ok();
    if (value.starts_with("rtpmap:")) return rtpmap(value.substr(7));
    if (value.starts_with("fmtp:")) return fmtp(value.substr(5));
    if (value == "rtcp-mux") out_.rtcp_mux = true;
    if (value.starts_with("rtcp:")) return rtcp(value.substr(5));
    if (value.starts_with("crypto:") && out_.crypto.size() < most_crypto)
      if (const auto crypto = parse_crypto(value.substr(7))) out_.crypto.push_back(*crypto);
    if (value.starts_with("ptime:")) return packet_time(value, value.substr(6), out_.ptime);
    if (value.starts_with("maxptime:")) return packet_time(value, value.substr(9), out_.maxptime);
    return ok();
  }

  Status packet_time(std::string_view line, std::string_view rest, std::optional<int>& out) {
    out = number(word(rest), 1, 1000);
    return out ? ok() : Status(wrong(fmt::format("'{}' is no packet time", shown(line))));
  }

  Status rtcp(std::string_view value) {
    auto rest = value;
    const auto port = number(word(rest), 1, 65535);
    if (!port) return wrong(fmt::format("'{}' is no port for RTCP", shown(value)));
    out_.rtcp_port = *port;
    return ok();
  }

  // What it says is the codec's business; what it is of is ours.
  Status fmtp(std::string_view value) {
    auto rest = value;
    const auto type = number(word(rest), 0, 127);
    if (!type) return wrong(fmt::format("'{}' is no fmtp (type parameters)", shown(value)));
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    for (auto& payload : out_.payloads)
      if (payload.type == *type) payload.params = plain(rest.substr(0, longest_params));
    return ok();
  }

  Status rtpmap(std::string_view value) {
    auto rest = value;
    const auto type = number(word(rest), 0, 127);
    const auto encoding = word(rest);
    const auto slash = encoding.find('/');
    if (!type || slash == encoding.npos || slash == 0)
      return wrong(fmt::format("'{}' is no rtpmap (type name/rate)", shown(value)));
    const auto rate_text = encoding.substr(slash + 1);
    const auto second = std::min(rate_text.find('/'), rate_text.size());
    const auto rate = number(rate_text.substr(0, second), 1, 1'000'000);
    const auto channels = number(rate_text.substr(std::min(second + 1, rate_text.size())), 1, 255);
    if (!rate) return wrong(fmt::format("'{}' has no clock rate", shown(value)));
    for (auto& payload : out_.payloads)
      if (payload.type == *type) {
        payload.name = upper(encoding.substr(0, slash));
        payload.rate = *rate;
        payload.channels = channels.value_or(1);
      }
    return ok();
  }

  Result<Description> finish() {
    if (!has_origin_) return Error{"SDP: the o= line is missing"};
    if (!found_ && !passed_over_.empty())
      return Error{"SDP: no audio over RTP/AVP, only " + passed_over_};
    if (!found_) return Error{"SDP: there is no m=audio line"};
    out_.media.host = !audio_host_.empty() ? audio_host_ : session_host_;
    if (out_.media.host.empty()) return at_line(media_line_, "no c= line gives its address");
    for (auto& payload : out_.payloads)
      for (const auto& fixed : fixed_types)
        if (payload.name.empty() && payload.type == fixed.type) payload.name = fixed.name;
    const auto way = audio_direction_.value_or(session_direction_.value_or(Direction::sendrecv));
    out_.sends = way == Direction::sendrecv || way == Direction::sendonly;
    out_.receives = way == Direction::sendrecv || way == Direction::recvonly;
    if (out_.media.host == "0.0.0.0") out_.receives = false;  // hold as RFC 2543 had it
    return std::move(out_);
  }

  Error wrong(std::string_view what) const { return at_line(line_, what); }

  const Security security_;
  Description out_;
  int line_ = 0, media_line_ = 0;
  Section section_ = Section::session;
  bool found_ = false, has_origin_ = false;
  std::string passed_over_;
  std::string session_host_, audio_host_;
  std::optional<Direction> session_direction_, audio_direction_;
};

const Payload* find(const Description& description, const Payload& ours) {
  for (const auto& payload : description.payloads)
    if (is_same_format(payload, ours)) return &payload;
  return nullptr;
}

std::string names_of(const Description& description) {
  std::string out;
  for (const auto& payload : description.payloads) {
    if (!out.empty()) out += ", ";
    out += payload.name.empty() ? fmt::format("type {}", payload.type) : shown(payload.name);
    if (out.size() > 120) return out + ", ...";
  }
  return out;
}

std::string names_of(const std::vector<Payload>& codecs) {
  std::string out;
  for (const auto& codec : codecs)
    if (out.find(codec.name) == out.npos) out += (out.empty() ? "" : ", ") + codec.name;
  return out;
}

// What we send: as long as they want it, in steps of 10 ms.
int packet_time(const Description& theirs) {
  const int wanted =
      std::min(theirs.ptime.value_or(usual_ptime), theirs.maxptime.value_or(longest_ptime));
  return std::clamp(wanted / 10 * 10, shortest_ptime, longest_ptime);
}

// By our order of preference, with their numbers and parameters.
Result<Agreement> agree(const Description& theirs, const std::vector<Payload>& ours) {
  Agreement out{.ptime = packet_time(theirs), .remote = theirs.media};
  std::vector<int> clocks;
  for (const auto& codec : ours)
    if (const auto* found = find(theirs, codec)) {
      out.send.push_back(*found);
      out.send.back().name = codec.name;
      if (std::ranges::find(clocks, codec.rate) == clocks.end()) clocks.push_back(codec.rate);
    }
  if (out.send.empty())
    return Error{fmt::format("SDP: no codec in common: they have {}, we have {}", names_of(theirs),
                             names_of(ours))};
  if (std::ranges::find(clocks, 8000) == clocks.end()) clocks.push_back(8000);
  for (const int clock : clocks)
    if (const auto* found = find(theirs, {.name = dtmf_name, .rate = clock})) {
      out.send.push_back(*found);
      out.send.back().name = dtmf_name;
      out.send.back().params.clear();
    }
  out.receive = out.send;
  out.rtcp_mux = theirs.rtcp_mux;
  out.rtcp_port = theirs.rtcp_port;
  out.sends = theirs.receives;
  out.receives = theirs.sends;
  return out;
}

// Of a codec by what we want to get; of telephone-event the keys.
std::string format_lines(const Payload& payload, const std::vector<Payload>& ours) {
  auto out = fmt::format("a=rtpmap:{} {}/{}{}\r\n", payload.type, payload.name, payload.rate,
                         payload.channels > 1 ? fmt::format("/{}", payload.channels) : "");
  if (payload.name == dtmf_name)
    return out + fmt::format("a=fmtp:{} {}\r\n", payload.type, dtmf_events);
  for (const auto& codec : ours)
    if (is_same_format(payload, codec))
      if (const auto params = answered_params(payload, codec); !params.empty())
        out += fmt::format("a=fmtp:{} {}\r\n", payload.type, params);
  return out;
}

std::string head(const Local& local) {
  return fmt::format("v=0\r\no=parley {} {} IN IP4 {}\r\ns=-\r\nc=IN IP4 {}\r\nt=0 0\r\n",
                     local.session, local.version, local.media.host, local.media.host);
}

// What is said of keys and RTCP, and how its m= line calls it.
struct Transport {
  bool secure = false;
  std::vector<Crypto> crypto{};
  bool rtcp_mux = true;
};

std::string stream(const Local& local, const std::vector<Payload>& payloads, int ptime,
                   const char* direction, const Transport& transport) {
  std::string types, formats;
  for (const auto& payload : payloads) {
    types += fmt::format(" {}", payload.type);
    formats += format_lines(payload, local.codecs);
  }
  for (const auto& crypto : transport.crypto) formats += write_crypto(crypto);
  if (transport.rtcp_mux) formats += "a=rtcp-mux\r\n";
  return fmt::format("m=audio {} {}{}\r\n{}a=ptime:{}\r\na=maxptime:{}\r\na={}\r\n",
                     local.media.port, transport.secure ? secure_protocol : plain_protocol, types,
                     formats, ptime, longest_ptime, direction);
}

const std::vector<Crypto>& keys_of(const Local& local) {
  static const std::vector<Crypto> none;
  return local.security == Security::off ? none : local.crypto;
}

std::string no_keys(const Description& theirs) {
  return theirs.crypto.empty()
             ? "SDP: SRTP is wanted, but no a=crypto line of theirs has a suite that we can do"
             : "SDP: SRTP is wanted, but no a=crypto line of theirs fits to one of ours";
}

// The m= lines of an offer, in order: what RFC 3264 wants an answer to have as well.
std::vector<std::string_view> media_lines(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("m=")) out.push_back(line.substr(2));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool is_the_stream(std::string_view media_line, Security security) {
  auto rest = media_line;
  const auto kind = word(rest), port = word(rest), protocol = word(rest);
  return kind == "audio" && port != "0" && !port.starts_with("0/") && is_ours(protocol, security);
}

std::string refused_stream(std::string_view media_line) {
  auto rest = media_line;
  const auto kind = word(rest);
  word(rest);
  const auto protocol = word(rest), format = word(rest);
  return fmt::format("m={} 0 {} {}\r\n", kind, protocol, format.empty() ? "0" : format);
}

// What we offer: our codecs, and telephone-event of each of their clocks.
std::vector<Payload> offered(const Local& local) {
  auto out = local.codecs;
  for (const auto& dtmf : dtmf_types) {
    const auto has_clock = [&](const Payload& c) { return c.rate == dtmf.rate; };
    if (dtmf.rate == 8000 || std::ranges::any_of(local.codecs, has_clock))
      out.push_back({.type = dtmf.type, .name = dtmf_name, .rate = dtmf.rate});
  }
  return out;
}

}  // namespace

Result<Description> parse_sdp(std::string_view text, Security security) {
  return Reader(security).read(text);
}

std::optional<int> Agreement::dtmf_type() const {
  for (const auto& payload : send)
    if (payload.name == dtmf_name) return payload.type;
  return {};
}

// With RTP/AVP and keys SRTP is an offer that who does not know it passes over (RFC 8643).
std::string write_offer(const Local& local) {
  const Transport transport{.secure = local.security == Security::required,
                            .crypto = keys_of(local)};
  return head(local) + stream(local, offered(local), usual_ptime, "sendrecv", transport);
}

Result<Answer> answer_offer(std::string_view offer, const Local& local) {
  auto theirs = parse_sdp(offer, local.security);
  if (!theirs) return Error{theirs.error()};
  auto agreed = agree(*theirs, local.codecs);
  if (!agreed) return Error{agreed.error()};
  Transport transport{.secure = theirs->secure, .rtcp_mux = theirs->rtcp_mux};
  if (const auto chosen = choose_crypto(theirs->crypto, keys_of(local))) {
    agreed->keys = Agreement::Keys{.ours = chosen->ours.key, .theirs = chosen->theirs.key};
    transport.crypto = {chosen->ours};
  }
  if (!agreed->keys && (theirs->secure || local.security == Security::required))
    return Error{no_keys(*theirs)};
  std::string sdp = head(local);
  bool answered = false;
  for (const auto line : media_lines(offer)) {
    const bool ours = !answered && is_the_stream(line, local.security);
    sdp += ours ? stream(local, agreed->receive, agreed->ptime,
                         direction_name(agreed->sends, agreed->receives), transport)
                : refused_stream(line);
    answered = answered || ours;
  }
  return Answer{.agreement = *std::move(agreed), .sdp = std::move(sdp)};
}

Result<Agreement> accept_answer(std::string_view answer, const Local& local) {
  auto theirs = parse_sdp(answer, local.security);
  if (!theirs) return Error{theirs.error()};
  auto agreed = agree(*theirs, local.codecs);
  if (!agreed) return Error{agreed.error()};
  for (const auto& line : theirs->crypto)
    if (const auto* ours = find_crypto(keys_of(local), line))
      agreed->keys = Agreement::Keys{.ours = ours->key, .theirs = line.key};
  if (!agreed->keys && (theirs->secure || local.security == Security::required))
    return Error{no_keys(*theirs)};
  // An answer may have numbers of its own; what comes to us has those that we offered.
  for (auto& payload : agreed->receive)
    for (const auto& ours : offered(local))
      if (is_same_format(payload, ours)) payload.type = ours.type;
  // The first of an answer is what its writer will send, and we do the same.
  const auto first = std::ranges::find_if(theirs->payloads, [&](const Payload& p) {
    return std::ranges::any_of(
        agreed->send, [&](const Payload& s) { return s.type == p.type && s.name != dtmf_name; });
  });
  const auto chosen = std::ranges::find(agreed->send, first->type, &Payload::type);
  const auto at = chosen - agreed->send.begin();
  std::rotate(agreed->send.begin(), chosen, chosen + 1);
  std::rotate(agreed->receive.begin(), agreed->receive.begin() + at,
              agreed->receive.begin() + at + 1);
  return agreed;
}

}  // namespace parley::sip
