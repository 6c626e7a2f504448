// amr_wb_payload: what stands in an RTP packet of AMR-WB: a mode request, a table of contents, and
// the frames it lists, as bits one behind the other or each part in octets of its own.
//
// One channel; no interleaving, no CRC and no robust sorting, which are agreed on by a=fmtp and not
// agreed to by us. A frame type is a mode of speech (0 to 8), a description of silence, or says
// that there is nothing. The request is for the mode of what goes the other way.
//
// Threads: pure. RFC 4867, 4.3 (bandwidth-efficient) and 4.4 (octet-aligned).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace parley::rtp::amr_wb {

inline constexpr std::size_t most_frames = 10;  // in a packet: 200 ms
inline constexpr std::size_t longest_frame = 60;
inline constexpr int modes = 9, silence = 9, speech_lost = 14, no_data = 15;
inline constexpr int no_request = 15;

enum class Layout { bandwidth_efficient, octet_aligned };

struct Frame {
  int type = no_data;
  bool good = true;                                // false: damaged on its way to the sender
  std::array<std::uint8_t, longest_frame> bits{};  // the first is the highest of the first octet
};

// What is requested, and where the frames of a payload are.
struct Contents {
  struct Entry {
    int type = no_data;
    bool good = true;
    std::size_t first_bit = 0;
  };
  int request = no_request;  // a mode, or of no meaning yet
  std::size_t count = 0;
  std::array<Entry, most_frames> entries{};
};

// Nothing: a table of contents that is cut off or too long, a frame type that does not exist, or
// another size than the frames have.
std::optional<Contents> read(std::span<const std::uint8_t> payload, Layout layout);
Frame frame(std::span<const std::uint8_t> payload, const Contents::Entry& entry);

// How many octets the frames take, with what stands before them.
std::size_t payload_size(std::span<const Frame> frames, Layout layout);
// Frames, without a request for a mode: the size; 0: there are none, or `out` is too small.
std::size_t write(std::span<const Frame> frames, Layout layout, std::span<std::uint8_t> out);

}  // namespace parley::rtp::amr_wb
