// bytes: takes an input of libFuzzer's apart: numbers, moments, datagrams.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace parley::fuzz {

// What must hold whatever came in; a fuzzer reports the input for which it does not.
inline void must(bool right) {
  if (!right) std::abort();
}

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  bool empty() const { return left_.empty(); }
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const auto b = left_.front();
    left_ = left_.subspan(1);
    return b;
  }
  std::uint16_t word() { return std::uint16_t(byte() << 8 | byte()); }
  std::span<const std::uint8_t> take(std::size_t most) {
    const auto taken = left_.first(std::min(most, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace parley::fuzz
