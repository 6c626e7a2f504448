#include "engine/sip/sdes.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/assert.hpp"
#include "engine/base/base64.hpp"

namespace parley::sip {
namespace {

constexpr std::size_t longest_key = 46;

// The next word of `rest`, without it; empty at the end.
std::string_view word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const auto out = rest.substr(0, rest.find(' '));
  rest.remove_prefix(out.size());
  return out;
}

std::optional<SrtpSuite> suite_of(std::string_view name) {
  const auto found = std::ranges::find(srtp_suites, name, &SrtpSuiteInfo::name);
  if (found == srtp_suites.end()) return {};
  return found->suite;
}

SrtpKey new_key(SrtpSuite suite) {
  std::array<std::uint8_t, longest_key> bytes{};
  const auto size = info(suite).key + info(suite).salt;
  const auto got = getrandom(bytes.data(), size, 0);
  PARLEY_ASSERT(got == ssize_t(size));
  auto key = SrtpKey::make(suite, std::span(bytes).first(size));
  explicit_bzero(bytes.data(), bytes.size());
  return *key;
}

}  // namespace

std::optional<Crypto> parse_crypto(std::string_view value) {
  auto rest = value;
  const auto tag_text = word(rest), suite_name = word(rest), key_text = word(rest);
  int tag = 0;
  const auto [end, error] =
      std::from_chars(tag_text.data(), tag_text.data() + tag_text.size(), tag);
  if (error != std::errc() || end != tag_text.data() + tag_text.size() || tag < 0) return {};
  const auto suite = suite_of(suite_name);
  if (!suite || !key_text.starts_with("inline:") || !word(rest).empty()) return {};
  // key||salt[|lifetime][|MKI:length]; further keys, behind a semicolon, need an MKI.
  auto material = key_text.substr(7);
  const auto end_of_key = std::min(material.find('|'), material.size());
  if (material.substr(end_of_key).find_first_of(":;") != material.npos) return {};
  const auto coded = material.substr(0, end_of_key);
  if (coded.size() > 4 * longest_key) return {};  // whatever its padding
  auto bytes = decode_base64(coded, Base64End::loose);
  if (!bytes || bytes->empty()) return {};
  auto key = SrtpKey::make(*suite, *bytes);
  explicit_bzero(bytes->data(), bytes->size());
  if (!key) return {};
  return Crypto{.tag = tag, .key = *key};
}

std::string write_crypto(const Crypto& crypto) {
  return fmt::format("a=crypto:{} {} inline:{}\r\n", crypto.tag, info(crypto.key.suite()).name,
                     encode_base64(crypto.key.bytes()));
}

std::vector<Crypto> make_crypto_offer() {
  std::vector<Crypto> out;
  for (const auto& suite : srtp_suites)
    out.push_back({.tag = int(out.size()) + 1, .key = new_key(suite.suite)});
  return out;
}

std::optional<ChosenCrypto> choose_crypto(std::span<const Crypto> offered,
                                          std::span<const Crypto> ours) {
  for (const auto& our : ours)
    for (const auto& one : offered)
      if (one.key.suite() == our.key.suite())
        return ChosenCrypto{.theirs = one, .ours = {.tag = one.tag, .key = our.key}};
  return {};
}

const Crypto* find_crypto(std::span<const Crypto> offered, const Crypto& answered) {
  const auto found = std::ranges::find_if(offered, [&](const Crypto& one) {
    return one.tag == answered.tag && one.key.suite() == answered.key.suite();
  });
  return found == offered.end() ? nullptr : &*found;
}

}  // namespace parley::sip
