#include "plugins/rtp/rtcp.hpp"

#include <algorithm>

namespace parley::rtp {
namespace {

using Bytes = std::span<const std::uint8_t>;

enum Type : std::uint8_t { sr = 200, rr = 201, sdes = 202, bye = 203 };
constexpr std::size_t header = 8;  // with the SSRC
constexpr std::size_t sender_size = 20, block_size = 24;
constexpr std::uint8_t cname_item = 1;

std::uint32_t read32(Bytes b, std::size_t at) {
  return std::uint32_t(b[at]) << 24 | std::uint32_t(b[at + 1]) << 16 |
         std::uint32_t(b[at + 2]) << 8 | b[at + 3];
}

SenderInfo read_sender(Bytes b) {
  return {.ntp = std::uint64_t(read32(b, 0)) << 32 | read32(b, 4),
          .timestamp = read32(b, 8),
          .packets = read32(b, 12),
          .octets = read32(b, 16)};
}

ReportBlock read_block(Bytes b) {
  const auto lost = std::int32_t(read32(b, 4) << 8) >> 8;  // 24 bits with a sign
  return {.ssrc = read32(b, 0),
          .fraction = b[4],
          .lost = lost,
          .highest = read32(b, 8),
          .jitter = read32(b, 12),
          .last_sr = read32(b, 16),
          .since_sr = read32(b, 20)};
}

// `b`: one packet, header included. False: its count and its size don't fit.
bool read_report(Bytes b, std::uint32_t about, Rtcp& out) {
  if (b.size() < header) return false;
  out.ssrc = read32(b, 4);
  std::size_t at = header;
  if (b[1] == sr) {
    if (b.size() < at + sender_size) return false;
    out.sender = read_sender(b.subspan(at));
    at += sender_size;
  }
  const std::size_t blocks = b[0] & 0x1f;
  if (b.size() < at + blocks * block_size) return false;
  for (std::size_t i = 0; i < blocks; ++i, at += block_size)
    if (read32(b, at) == about) out.block = read_block(b.subspan(at));
  return true;
}

// The CNAME of the first chunk.
void read_names(Bytes b, Rtcp& out) {
  std::size_t at = header;
  while (at + 2 <= b.size() && b[at] != 0) {
    const std::size_t size = b[at + 1];
    if (at + 2 + size > b.size()) return;
    if (b[at] == cname_item) out.cname = {reinterpret_cast<const char*>(b.data()) + at + 2, size};
    at += 2 + size;
  }
}

class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> out) : out_(out) {}

  void byte(std::size_t v) {
    if (size_ < out_.size()) out_[size_] = std::uint8_t(v);
    ++size_;
  }
  void word(std::uint32_t v) {
    for (const int shift : {24, 16, 8, 0}) byte(v >> shift & 0xff);
  }
  void text(std::string_view t) {
    for (const char c : t) byte(static_cast<unsigned char>(c));
  }
  void align() {
    while (size_ % 4) byte(0);
  }
  void begin(std::size_t count, Type type) {
    start_ = size_;
    byte(2 << 6 | count);
    byte(type);
    byte(0);
    byte(0);
  }
  void end() {  // the length is known now
    const auto words = (size_ - start_) / 4 - 1;
    if (size_ > out_.size()) return;
    out_[start_ + 2] = std::uint8_t(words >> 8);
    out_[start_ + 3] = std::uint8_t(words);
  }
  std::size_t size() const { return size_ <= out_.size() ? size_ : 0; }

 private:
  const std::span<std::uint8_t> out_;
  std::size_t size_ = 0, start_ = 0;
};

void write_report(const Rtcp& rtcp, Writer& w) {
  w.begin(rtcp.block ? 1 : 0, rtcp.sender ? sr : rr);
  w.word(rtcp.ssrc);
  if (const auto& s = rtcp.sender) {
    w.word(std::uint32_t(s->ntp >> 32));
    w.word(std::uint32_t(s->ntp));
    w.word(s->timestamp);
    w.word(s->packets);
    w.word(s->octets);
  }
  if (const auto& b = rtcp.block) {
    const std::int32_t lost = std::clamp(b->lost, -0x800000, 0x7fffff);
    w.word(b->ssrc);
    w.word(std::uint32_t(b->fraction) << 24 | (std::uint32_t(lost) & 0xffffff));
    w.word(b->highest);
    w.word(b->jitter);
    w.word(b->last_sr);
    w.word(b->since_sr);
  }
  w.end();
}

}  // namespace

std::optional<Rtcp> parse_rtcp(Bytes datagram, std::uint32_t about) {
  Rtcp out;
  if (datagram.empty()) return {};
  for (bool first = true; !datagram.empty(); first = false) {
    if (datagram.size() < 4 || datagram[0] >> 6 != 2) return {};
    const std::size_t size = 4 * (1 + (std::size_t(datagram[2]) << 8 | datagram[3]));
    if (size > datagram.size()) return {};
    auto packet = datagram.first(size);
    datagram = datagram.subspan(size);
    if (packet[0] & 0x20) {  // padding: of the last one only (RFC 3550, A.2)
      const std::size_t padding = packet.back();
      if (first || !datagram.empty() || padding == 0 || padding > size - 4) return {};
      packet = packet.first(size - padding);
    }
    const bool report = packet[1] == sr || packet[1] == rr;
    if (first && !report) return {};
    if (report && !read_report(packet, about, out)) return {};
    if (packet[1] == sdes && (packet[0] & 0x1f) > 0) read_names(packet, out);
    if (packet[1] == bye) out.bye = true;
  }
  return out;
}

std::size_t write_rtcp(const Rtcp& rtcp, std::span<std::uint8_t> out) {
  Writer w(out);
  write_report(rtcp, w);
  const auto name = rtcp.cname.substr(0, 64);
  w.begin(1, sdes);
  w.word(rtcp.ssrc);
  w.byte(cname_item);
  w.byte(name.size());
  w.text(name);
  w.byte(0);
  w.align();
  w.end();
  if (rtcp.bye) {
    w.begin(1, bye);
    w.word(rtcp.ssrc);
    w.end();
  }
  return w.size();
}

}  // namespace parley::rtp
