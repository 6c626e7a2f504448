// srtp_key: a master key of SRTP and the suite it is for (RFC 4568, 6.2; RFC 7714, 14.2).
//
// The key's memory is wiped when it goes. Nothing prints it; it is never a property.
//
// Threads: pure.
#pragma once

#include <string.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace parley {

enum class SrtpSuite { aead_aes_128_gcm, aead_aes_256_gcm, aes_cm_128_80, aes_cm_128_32 };

struct SrtpSuiteInfo {
  SrtpSuite suite;
  std::string_view name;  // as in a=crypto
  std::size_t key, salt;  // bytes
};
// In the order of our preference.
inline constexpr std::array srtp_suites{
    SrtpSuiteInfo{SrtpSuite::aead_aes_128_gcm, "AEAD_AES_128_GCM", 16, 12},
    SrtpSuiteInfo{SrtpSuite::aead_aes_256_gcm, "AEAD_AES_256_GCM", 32, 12},
    SrtpSuiteInfo{SrtpSuite::aes_cm_128_80, "AES_CM_128_HMAC_SHA1_80", 16, 14},
    SrtpSuiteInfo{SrtpSuite::aes_cm_128_32, "AES_CM_128_HMAC_SHA1_32", 16, 14}};

constexpr const SrtpSuiteInfo& info(SrtpSuite suite) { return srtp_suites[std::size_t(suite)]; }

class SrtpKey {
 public:
  // `bytes`: key, then salt. Nothing: they are not as many as the suite wants.
  static std::optional<SrtpKey> make(SrtpSuite suite, std::span<const std::uint8_t> bytes) {
    const auto& i = info(suite);
    if (bytes.size() != i.key + i.salt) return {};
    SrtpKey key(suite);
    std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
    return key;
  }
  SrtpKey(const SrtpKey&) = default;
  SrtpKey& operator=(const SrtpKey&) = default;
  ~SrtpKey() { explicit_bzero(bytes_.data(), bytes_.size()); }

  SrtpSuite suite() const { return suite_; }
  std::span<const std::uint8_t> bytes() const {
    return std::span(bytes_).first(info(suite_).key + info(suite_).salt);
  }
  bool operator==(const SrtpKey&) const = default;

 private:
  explicit SrtpKey(SrtpSuite suite) : suite_(suite) {}

  SrtpSuite suite_;
  std::array<std::uint8_t, 46> bytes_{};
};

}  // namespace parley
