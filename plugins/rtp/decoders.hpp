// decoders: what the payload types of one direction are decoded with. A decoder is made when its
// first packet comes. The far end may change its mind packet by packet; who comes back to a codec
// begins it anew, for what its decoder still holds was said before.
//
// Threads: pure.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "plugins/rtp/payload_map.hpp"
#include "plugins/rtp/rtp_packet.hpp"

namespace parley::rtp {

class Decoders {
 public:
  struct Line {
    PayloadType type{};
    unsigned rate = 8000;  // of the samples
    std::unique_ptr<Decoder> decoder{};

    unsigned clock_rate() const { return type.clock_rate; }
    std::size_t samples(const Packet& packet) const {
      return type.codec->samples(packet.payload, rate);
    }
  };

  explicit Decoders(PayloadMap map) : map_(std::move(map)) {}

  const PayloadMap& map() const { return map_; }
  // What stays the same goes on, and so does what the new map has no meaning for: packets of before
  // are still on their way.
  void set_map(PayloadMap map);
  // Of a codec's payload type; null: it is none. Valid until the next find() or change.
  Line* find(int payload_type);
  // The far end comes to this one, perhaps once more.
  static void renew(Line& line) { line.decoder = line.type.codec->decoder(line.rate); }
  // A stream begins anew.
  void restart() { lines_.clear(); }

 private:
  PayloadMap map_;
  std::vector<Line> lines_{};
};

}  // namespace parley::rtp
