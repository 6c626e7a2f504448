#include "plugins/rtp/source_latch.hpp"

namespace parley::rtp {

bool SourceLatch::believes(const Address& from, const Address& announced, const Packet& packet,
                           Nanos now) {
  if (from != source_) {
    if (source_ && !may_follow(from, announced, packet, now)) {
      ++foreign_;
      return false;
    }
    source_ = from;
    packets_ = 0;
  }
  ++packets_;
  ssrc_ = packet.ssrc;
  sequence_ = packet.sequence;
  last_ = now;
  return true;
}

bool SourceLatch::may_follow(const Address& from, const Address& announced, const Packet& packet,
                             Nanos now) const {
  if (from == announced) return true;
  if (now - last_ < silent_after) return false;
  if (packets_ < proven_after) return true;
  const auto ahead = std::uint16_t(packet.sequence - sequence_);
  return packet.ssrc == ssrc_ && ahead > 0 && ahead < 3000;
}

}  // namespace parley::rtp
