#include "engine/base/ids.hpp"

#include <fmt/core.h>

namespace parley {

std::uint64_t Ids::random_seed() {
  std::random_device device;
  return std::uint64_t(device()) << 32 | device();
}

std::string Ids::next(std::int64_t utc_us) {
  auto ms = utc_us / 1000;
  if (ms <= last_ms_) {
    ms = last_ms_;
    if (++in_ms_ > 0xfff) ++ms, in_ms_ = 0;  // more than 4,096 in a millisecond: borrow the next
  } else {
    in_ms_ = 0;
  }
  last_ms_ = ms;
  const auto random = random_();
  return fmt::format("{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}", (ms >> 16) & 0xffffffff, ms & 0xffff,
                     in_ms_, 0x8000 | ((random >> 48) & 0x3fff), random & 0xffffffffffff);
}

}  // namespace parley
