// ids: UUIDv7 (RFC 9562) as text, from the loop's wall clock and a seeded generator: in virtual
// time the same seed gives the same ids.
//
// Threads: the owner's.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace parley {

class Ids {
 public:
  explicit Ids(std::uint64_t seed) : random_(seed) {}
  static std::uint64_t random_seed();  // from the operating system

  // 36 characters, lower case. Ids of one generator and millisecond sort in the order they were
  // made.
  std::string next(std::int64_t utc_us);

 private:
  std::mt19937_64 random_;
  std::int64_t last_ms_ = -1;
  unsigned in_ms_ = 0;
};

}  // namespace parley
