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

namespace parley::sip {
namespace {

constexpr std::size_t longest_text = 16 * 1024;
constexpr std::size_t most_payloads = 64;
constexpr int our_dtmf_type = 101;

struct Codec {
  const char* name;
  int static_type;
};
constexpr std::array codecs{Codec{"PCMU", 0}, Codec{"PCMA", 8}};

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

// Reads one description. Session-level values stand until the first audio section has its own;
// what belongs to further sections is skipped.
class Reader {
 public:
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
    if (*port == 0 || protocol != "RTP/AVP") {  // refused, or of a kind that is not ours: look on
      section_ = Section::other;
      passed_over_ = *port == 0 ? "an audio stream with port 0" : shown(protocol);
      return ok();
    }
    section_ = Section::audio;
    found_ = true;
    media_line_ = line_;
    out_.media.port = *port;
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
    if (value.starts_with("ptime:")) {
      auto rest = value.substr(6);
      const auto ptime = number(word(rest), 1, 1000);
      if (!ptime) return wrong(fmt::format("'{}' is no packet time", shown(value)));
      out_.ptime = *ptime;
    }
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
    const auto rate = number(rate_text.substr(0, rate_text.find('/')), 1, 1'000'000);
    if (!rate) return wrong(fmt::format("'{}' has no clock rate", shown(value)));
    for (auto& payload : out_.payloads)
      if (payload.type == *type) {
        payload.name = upper(encoding.substr(0, slash));
        payload.rate = *rate;
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
      for (const auto& codec : codecs)
        if (payload.name.empty() && payload.type == codec.static_type) payload.name = codec.name;
    const auto way = audio_direction_.value_or(session_direction_.value_or(Direction::sendrecv));
    out_.sends = way == Direction::sendrecv || way == Direction::sendonly;
    out_.receives = way == Direction::sendrecv || way == Direction::recvonly;
    if (out_.media.host == "0.0.0.0") out_.receives = false;  // hold as RFC 2543 had it
    return std::move(out_);
  }

  Error wrong(std::string_view what) const { return at_line(line_, what); }

  Description out_;
  int line_ = 0, media_line_ = 0;
  Section section_ = Section::session;
  bool found_ = false, has_origin_ = false;
  std::string passed_over_;
  std::string session_host_, audio_host_;
  std::optional<Direction> session_direction_, audio_direction_;
};

const Payload* find_dtmf(const Description& description) {
  for (const auto& payload : description.payloads)
    if (payload.name == "TELEPHONE-EVENT" && payload.rate == 8000) return &payload;
  return nullptr;
}

const Payload* find_codec(const Description& description) {
  for (const auto& payload : description.payloads)
    for (const auto& codec : codecs)
      if (payload.name == codec.name && payload.rate == 8000) return &payload;
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

Result<Agreement> agree(const Description& theirs) {
  const auto* codec = find_codec(theirs);
  if (!codec)
    return Error{fmt::format("SDP: no codec in common: they have {}, we have PCMU and PCMA",
                             names_of(theirs))};
  Agreement out{.codec = codec->name, .payload_type = codec->type, .remote = theirs.media};
  if (const auto* dtmf = find_dtmf(theirs)) out.dtmf_type = dtmf->type;
  out.sends = theirs.receives;
  out.receives = theirs.sends;
  return out;
}

std::string head(const MediaAddress& local, std::uint64_t session) {
  return fmt::format("v=0\r\no=parley {} 1 IN IP4 {}\r\ns=-\r\nc=IN IP4 {}\r\nt=0 0\r\n", session,
                     local.host, local.host);
}

std::string dtmf_lines(int type) {
  return fmt::format("a=rtpmap:{} telephone-event/8000\r\na=fmtp:{} 0-15\r\n", type, type);
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

bool is_the_stream(std::string_view media_line) {
  auto rest = media_line;
  const auto kind = word(rest), port = word(rest), protocol = word(rest);
  return kind == "audio" && port != "0" && !port.starts_with("0/") && protocol == "RTP/AVP";
}

std::string refused_stream(std::string_view media_line) {
  auto rest = media_line;
  const auto kind = word(rest);
  word(rest);
  const auto protocol = word(rest), format = word(rest);
  return fmt::format("m={} 0 {} {}\r\n", kind, protocol, format.empty() ? "0" : format);
}

std::string our_stream(const Agreement& agreed, const MediaAddress& local) {
  std::string types = std::to_string(agreed.payload_type);
  if (agreed.dtmf_type) types += fmt::format(" {}", *agreed.dtmf_type);
  auto out = fmt::format("m=audio {} RTP/AVP {}\r\na=rtpmap:{} {}/8000\r\n", local.port, types,
                         agreed.payload_type, agreed.codec);
  if (agreed.dtmf_type) out += dtmf_lines(*agreed.dtmf_type);
  return out + fmt::format("a=ptime:20\r\na={}\r\n", direction_name(agreed.sends, agreed.receives));
}

}  // namespace

Result<Description> parse_sdp(std::string_view text) { return Reader().read(text); }

std::string write_offer(const MediaAddress& local, std::uint64_t session) {
  return head(local, session) +
         fmt::format(
             "m=audio {} RTP/AVP 0 8 {}\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n",
             local.port, our_dtmf_type) +
         dtmf_lines(our_dtmf_type) + "a=ptime:20\r\na=sendrecv\r\n";
}

Result<Answer> answer_offer(std::string_view offer, const MediaAddress& local,
                            std::uint64_t session) {
  auto theirs = parse_sdp(offer);
  if (!theirs) return Error{theirs.error()};
  auto agreed = agree(*theirs);
  if (!agreed) return Error{agreed.error()};
  std::string sdp = head(local, session);
  bool answered = false;
  for (const auto line : media_lines(offer)) {
    const bool ours = !answered && is_the_stream(line);
    sdp += ours ? our_stream(*agreed, local) : refused_stream(line);
    answered = answered || ours;
  }
  return Answer{.agreement = *std::move(agreed), .sdp = std::move(sdp)};
}

Result<Agreement> accept_answer(std::string_view answer) {
  auto theirs = parse_sdp(answer);
  if (!theirs) return Error{theirs.error()};
  return agree(*theirs);
}

std::string answer_again(std::string_view last, std::string_view offer) {
  const auto theirs = parse_sdp(offer);
  const auto ours = parse_sdp(last);
  if (!ours) return std::string(last);
  const bool they_send = !theirs || theirs->sends, they_receive = !theirs || theirs->receives;
  const std::string line =
      fmt::format("a={}", direction_name(they_receive, they_send));  // ours mirrors theirs
  std::string out;
  for (std::string_view rest = last; !rest.empty();) {
    const auto end = std::min(rest.find("\r\n"), rest.size());
    const auto content = rest.substr(0, end);
    out += content.starts_with("a=") && direction(content.substr(2)) ? line : std::string(content);
    out += "\r\n";
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return out;
}

}  // namespace parley::sip
