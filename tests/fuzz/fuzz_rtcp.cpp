// Any RTCP: what is read is inside the datagram, and reads the same when it is written again.
#include "plugins/rtp/rtcp.hpp"

#include <array>

#include "tests/fuzz/bytes.hpp"

using namespace parley;
using namespace parley::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span datagram(data, size);
  constexpr std::uint32_t us = 1;
  auto read = rtp::parse_rtcp(datagram, us);
  if (!read) return 0;
  const auto* begin = reinterpret_cast<const char*>(data);
  must(read->cname.empty() ||
       (read->cname.data() >= begin && read->cname.data() + read->cname.size() <= begin + size));
  read->cname = read->cname.substr(0, 64);
  std::array<std::uint8_t, rtp::longest_rtcp> out;
  const auto written = rtp::write_rtcp(*read, out);
  must(written > 0 && written % 4 == 0);
  const auto again = rtp::parse_rtcp(std::span(out).first(written), us);
  must(bool(again));
  must(again->ssrc == read->ssrc && again->sender == read->sender && again->block == read->block &&
       again->cname == read->cname && again->bye == read->bye);
  return 0;
}
