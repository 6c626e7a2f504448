// stamps: the RTP sequence number and timestamp of a media stream's frame, from its chunk number
// and its time in milliseconds, in whatever order frames come.
//
// Chunks that follow one another are taken as gapless, however roughly their milliseconds are
// rounded; where the two part by more than a frame (silence was left out, the provider's clock
// leapt) the milliseconds are believed and counting begins anew.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>

namespace parley::media_stream {

struct Stamp {
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;

  bool operator==(const Stamp&) const = default;
};

class Stamps {
 public:
  explicit Stamps(unsigned rate = 8000) : per_ms_(rate / 1000) {}
  Stamp next(std::uint64_t chunk, std::uint64_t timestamp_ms, std::size_t samples);

 private:
  struct Anchor {
    std::uint64_t chunk = 0;
    std::int64_t time = 0;  // samples
    std::int64_t frame = 0;
  };
  unsigned per_ms_;
  std::optional<Anchor> anchor_{};
};

}  // namespace parley::media_stream
