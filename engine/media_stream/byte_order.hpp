// byte_order: in which order a provider sends the bytes of L16, by how its audio sounds.
//
// Telnyx's documents call the payload that of RTP, which is network order (RFC 3551, 4.5.11).
// People who measured report both orders. In the wrong order sound is noise: neighbouring samples
// that are nearly the same become far apart. So network order holds until three frames in a row, of
// those with a sound, say the other.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <span>

namespace parley::media_stream {

class ByteOrder {
 public:
  void note(std::span<const std::uint8_t> payload);  // a frame as it came
  bool swapped() const { return swapped_; }          // the low byte comes first

 private:
  bool swapped_ = false, decided_ = false;
  int votes_ = 0;  // in a row: for network order; negative: for the other
};

// The bytes of each sample the other way round.
void swap_bytes(std::span<std::uint8_t> payload);

}  // namespace parley::media_stream
