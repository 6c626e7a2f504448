#include "plugins/rtp/amr_wb_payload.hpp"

#include <algorithm>

namespace parley::rtp::amr_wb {
namespace {

// By frame type; -1: there is none of that type.
constexpr std::array<int, 16> frame_bits{132, 177, 253, 285, 317, 365, 397, 461,
                                         477, 40,  -1,  -1,  -1,  -1,  0,   0};

// Each part of the payload begins an octet, or none does.
struct Sizes {
  explicit Sizes(Layout layout) : aligned(layout == Layout::octet_aligned) {}
  std::size_t request() const { return aligned ? 8 : 4; }
  std::size_t entry() const { return aligned ? 8 : 6; }
  std::size_t frame(int type) const {
    const auto bits = std::size_t(frame_bits[std::size_t(type)]);
    return aligned ? (bits + 7) / 8 * 8 : bits;
  }
  const bool aligned;
};

// Up to 8 of them; the caller has seen that they are there.
unsigned bits_at(std::span<const std::uint8_t> bytes, std::size_t first, std::size_t count) {
  const auto at = first / 8;
  const unsigned next = at + 1 < bytes.size() ? bytes[at + 1] : 0U;
  const unsigned both = unsigned(bytes[at]) << 8 | next;
  return both >> (16 - first % 8 - count) & ((1U << count) - 1);
}

class BitWriter {
 public:
  explicit BitWriter(std::span<std::uint8_t> out) : out_(out) {
    std::ranges::fill(out_, std::uint8_t(0));
  }
  void put(unsigned value, std::size_t count) {
    for (; count > 0; --count, ++at_)
      out_[at_ / 8] |= std::uint8_t((value >> (count - 1) & 1U) << (7 - at_ % 8));
  }

 private:
  const std::span<std::uint8_t> out_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Contents> read(std::span<const std::uint8_t> payload, Layout layout) {
  const Sizes sizes(layout);
  const auto bits = payload.size() * 8;
  Contents out;
  auto at = sizes.request();
  if (at <= bits) out.request = int(bits_at(payload, 0, 4));
  for (bool more = true; more; at += sizes.entry()) {
    if (at + sizes.entry() > bits || out.count == most_frames) return {};
    more = bits_at(payload, at, 1) != 0;
    const auto type = int(bits_at(payload, at + 1, 4));
    if (frame_bits[std::size_t(type)] < 0) return {};
    out.entries[out.count++] = {.type = type, .good = bits_at(payload, at + 5, 1) != 0};
  }
  for (auto& entry : std::span(out.entries).first(out.count)) {
    entry.first_bit = at;
    at += sizes.frame(entry.type);
  }
  if ((at + 7) / 8 != payload.size()) return {};
  return out;
}

Frame frame(std::span<const std::uint8_t> payload, const Contents::Entry& entry) {
  Frame out{.type = entry.type, .good = entry.good};
  const auto size = std::size_t(frame_bits[std::size_t(entry.type)]);
  for (std::size_t done = 0; done < size; done += 8) {
    const auto count = std::min<std::size_t>(size - done, 8);
    out.bits[done / 8] =
        std::uint8_t(bits_at(payload, entry.first_bit + done, count) << (8 - count));
  }
  return out;
}

std::size_t payload_size(std::span<const Frame> frames, Layout layout) {
  const Sizes sizes(layout);
  auto bits = sizes.request();
  for (const auto& frame : frames) bits += sizes.entry() + sizes.frame(frame.type);
  return (bits + 7) / 8;
}

std::size_t write(std::span<const Frame> frames, Layout layout, std::span<std::uint8_t> out) {
  if (frames.empty()) return 0;
  const Sizes sizes(layout);
  const auto size = payload_size(frames, layout);
  if (size > out.size()) return 0;
  BitWriter bits(out.first(size));
  const auto padding = sizes.entry() - 6;
  bits.put(unsigned(no_request) << (sizes.request() - 4), sizes.request());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const unsigned more = i + 1 < frames.size();
    const auto type = unsigned(frames[i].type);
    bits.put((more << 5 | type << 1 | unsigned(frames[i].good)) << padding, sizes.entry());
  }
  for (const auto& frame : frames)
    for (std::size_t done = 0, all = sizes.frame(frame.type); done < all; done += 8) {
      const auto count = std::min<std::size_t>(all - done, 8);
      bits.put(unsigned(frame.bits[done / 8]) >> (8 - count), count);
    }
  return size;
}

}  // namespace parley::rtp::amr_wb
