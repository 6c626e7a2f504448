// Any datagrams at any pace: the receiver's timeline never goes back and never overlaps.
#include "plugins/rtp/receiver.hpp"
#include "tests/fuzz/bytes.hpp"

using namespace parley;
using namespace parley::fuzz;

namespace {

class Ear final : public rtp::Receiver::Listener {
 public:
  void on_audio(Nanos start, std::span<const std::int16_t> samples, unsigned rate,
                bool leap) override {
    must(rate == 8000 || rate == 16000 || rate == 48000);
    must(!samples.empty() && samples.size() <= rate);
    must(start >= end_ - Nanos(1ms));  // rounding of a change of rate
    if (!leap) must(start <= end_ + Nanos(1ms));
    end_ = start + Nanos(1s) / rate * std::int64_t(samples.size());
  }
  void on_key(const KeyPress& press) override { must(press.digit != 0); }
  void on_source(const Address& source) override { must(bool(source)); }
  void on_first(const Address&, int type) override { must(type >= 0 && type < 128); }

 private:
  Nanos end_{0};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in(data, size);
  Ear ear;
  auto map = rtp::PayloadMap::parse(
      "0=PCMU/8000,8=PCMA/8000,9=G722/8000,111=opus/48000,104=AMR-WB/16000,"
      "105=AMR-WB/16000;octet-align=1,101=telephone-event/8000");
  must(bool(map));
  rtp::Receiver receiver(ear, *map);
  Nanos now = 1s;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  while (!in.empty()) {
    const auto how = in.byte();
    now += Nanos(1ms) * (how >> 3);
    const Address from{0x0a000002, std::uint16_t(how & 1 ? 4000 : 4002)};
    if (how & 2) {  // a packet that is sound, so that what is behind the header is reached
      sequence = std::uint16_t(sequence + in.byte() % 5);
      timestamp += 160u * (in.byte() % 5);
      std::vector<std::uint8_t> packet{0x80, in.byte(), std::uint8_t(sequence >> 8),
                                       std::uint8_t(sequence)};
      for (int shift = 24; shift >= 0; shift -= 8)
        packet.push_back(std::uint8_t(timestamp >> shift));
      packet.insert(packet.end(), {0, 0, 0, 1});
      const auto payload = in.take(in.byte());
      packet.insert(packet.end(), payload.begin(), payload.end());
      receiver.packet(packet, from, {0x0a000002, 4000}, now);
    } else {
      receiver.packet(in.take(in.byte()), from, {0x0a000002, 4000}, now);
    }
    if (const auto due = receiver.deadline(); due && *due <= now) receiver.tick(now);
  }
  const auto c = receiver.counters();
  must(c.lost < (1u << 31) && c.late <= c.received);
  return 0;
}
