// Any order of packets: each is given at most once, in order, and what is counted adds up.
#include "plugins/rtp/jitter_buffer.hpp"
#include "tests/fuzz/bytes.hpp"

using namespace parley;
using namespace parley::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in(data, size);
  rtp::JitterBuffer buffer;
  Nanos now = 1s;
  std::uint16_t sequence = in.word();
  std::uint32_t timestamp = in.word();
  std::uint64_t put = 0, given = 0;
  int last = -1;
  const auto drain = [&] {
    for (int n = 0; const auto out = buffer.next(now); ++n) {
      must(n < 2000);  // it comes to an end
      if (out->restart) last = -1;
      if (out->lost) {
        if (last >= 0) last = std::uint16_t(last + 1);
        continue;
      }
      if (last >= 0) must(std::int16_t(std::uint16_t(out->packet.sequence - last)) > 0);
      last = out->packet.sequence;
      ++given;
    }
  };
  while (!in.empty()) {
    const auto how = in.byte();
    now += Nanos(1ms) * (how >> 2);
    const auto step = std::int8_t(in.byte());
    sequence = std::uint16_t(sequence + step);
    timestamp += std::uint32_t(160 * step);
    const auto payload = in.take(how & 3);
    buffer.put({.sequence = sequence,
                .timestamp = timestamp,
                .ssrc = how & 2 ? 1u : std::uint32_t(in.byte() % 3),
                .payload = payload},
               now);
    ++put;
    drain();
    if (const auto due = buffer.deadline(); due && how & 1) {
      now = std::max(now, *due);
      drain();
    }
  }
  const auto& c = buffer.counters();
  must(c.received + c.stray == put);
  must(given + c.duplicates <= c.received);
  return 0;
}
