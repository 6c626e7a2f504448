// sdes: the keys of SRTP in a session description: a=crypto lines (RFC 4568).
//
// A line is offered a suite, the answer takes one of them with the same tag; each side's line holds
// the key of what that side sends. Lines that ask for what we don't do (a master key identifier,
// session parameters, a key derivation rate) are passed over, as if they were not there.
//
// Threads: none; pure. Keys come from the system's random numbers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/srtp_key.hpp"

namespace parley::sip {

struct Crypto {
  int tag = 1;
  SrtpKey key;
};

// Whether a call's audio is to be SRTP: never, when the other side can, or not at all without.
enum class Security { off, optional, required };

// What follows "a=crypto:". Nothing: no such line, or none that we do.
std::optional<Crypto> parse_crypto(std::string_view value);
std::string write_crypto(const Crypto& crypto);  // "a=crypto:1 AEAD_AES_128_GCM inline:...\r\n"

// A line for each of our suites, each with a new key. A call makes them once: in all its
// descriptions a suite has the same key.
std::vector<Crypto> make_crypto_offer();
// The offered one that we like best, and our answer to it: of `ours`, with its tag. Nothing: there
// is none.
struct ChosenCrypto {
  Crypto theirs, ours;
};
std::optional<ChosenCrypto> choose_crypto(std::span<const Crypto> offered,
                                          std::span<const Crypto> ours);
// Which of our offered ones the answer has taken.
const Crypto* find_crypto(std::span<const Crypto> offered, const Crypto& answered);

}  // namespace parley::sip
