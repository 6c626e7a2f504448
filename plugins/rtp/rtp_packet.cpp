#include "plugins/rtp/rtp_packet.hpp"

#include <algorithm>

namespace parley::rtp {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint16_t read16(Bytes b, std::size_t at) { return std::uint16_t(b[at] << 8 | b[at + 1]); }
std::uint32_t read32(Bytes b, std::size_t at) {
  return std::uint32_t(read16(b, at)) << 16 | read16(b, at + 2);
}
void write16(std::span<std::uint8_t> b, std::size_t at, std::uint16_t v) {
  b[at] = std::uint8_t(v >> 8);
  b[at + 1] = std::uint8_t(v);
}
void write32(std::span<std::uint8_t> b, std::size_t at, std::uint32_t v) {
  write16(b, at, std::uint16_t(v >> 16));
  write16(b, at + 2, std::uint16_t(v));
}

bool is_version_2(Bytes datagram) { return datagram.size() >= 2 && datagram[0] >> 6 == 2; }

}  // namespace

bool is_rtcp(Bytes datagram) {
  return is_version_2(datagram) && datagram[1] >= 192 && datagram[1] <= 223;
}

std::optional<Packet> parse(Bytes datagram) {
  if (datagram.size() < header_size || !is_version_2(datagram) || is_rtcp(datagram)) return {};
  const bool padded = datagram[0] & 0x20;
  const bool extended = datagram[0] & 0x10;
  std::size_t start = header_size + 4u * (datagram[0] & 0x0f);
  std::size_t end = datagram.size();
  if (extended) {
    if (start + 4 > end) return {};
    start += 4 + 4u * read16(datagram, start + 2);
  }
  if (padded) {
    const std::size_t padding = datagram[end - 1];
    if (padding == 0 || padding > end) return {};
    end -= padding;
  }
  if (start > end) return {};
  return Packet{.marker = (datagram[1] & 0x80) != 0,
                .payload_type = std::uint8_t(datagram[1] & 0x7f),
                .sequence = read16(datagram, 2),
                .timestamp = read32(datagram, 4),
                .ssrc = read32(datagram, 8),
                .payload = datagram.subspan(start, end - start)};
}

std::size_t write(const Packet& packet, std::span<std::uint8_t> out) {
  const std::size_t size = header_size + packet.payload.size();
  if (out.size() < size) return 0;
  out[0] = 2 << 6;
  out[1] = std::uint8_t((packet.marker ? 0x80 : 0) | (packet.payload_type & 0x7f));
  write16(out, 2, packet.sequence);
  write32(out, 4, packet.timestamp);
  write32(out, 8, packet.ssrc);
  std::copy(packet.payload.begin(), packet.payload.end(), out.begin() + header_size);
  return size;
}

}  // namespace parley::rtp
