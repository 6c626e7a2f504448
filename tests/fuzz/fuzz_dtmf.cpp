// Any telephone events (RFC 4733): a press has a digit and a bounded length, and there are no more
// presses than packets.
#include "plugins/rtp/dtmf.hpp"

#include <string_view>

#include "tests/fuzz/bytes.hpp"

using namespace parley;
using namespace parley::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in(data, size);
  rtp::DtmfReceiver receiver;
  Nanos now = 1s;
  std::size_t packets = 0, presses = 0;
  const auto check = [&](const KeyPress& press) {
    must(std::string_view("0123456789*#ABCD").find(press.digit) != std::string_view::npos);
    must(press.duration_ms <= 65536 / 8);
    ++presses;
  };
  while (!in.empty()) {
    const auto how = in.byte();
    now += Nanos(1ms) * (how >> 1);
    ++packets;
    for (const auto& press : receiver.packet(in.word(), in.take(how & 1 ? 4 : in.byte() % 8), now))
      check(press);
    if (const auto due = receiver.deadline(); due && *due <= now)
      if (const auto press = receiver.tick(now)) check(*press);
  }
  must(presses <= packets);
  return 0;
}
