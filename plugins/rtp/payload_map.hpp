// payload_map: which RTP payload type means what in one direction of a call, as one line of text:
//
//   9=G722/8000,0=PCMU/8000,111=opus/48000;useinbandfec=1,101=telephone-event/8000
//
// The first codec is the one to send with; all of them may come. Behind a semicolon stands the far
// end's a=fmtp.
//
// Threads: pure.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "plugins/rtp/codec.hpp"

namespace parley::rtp {

struct PayloadType {
  int type = 0;
  const Codec* codec = nullptr;  // null: telephone events
  unsigned clock_rate = 8000;
  std::string params{};
};

class PayloadMap {
 public:
  // An error names the entry that is wrong. There is a codec in every map.
  static Result<PayloadMap> parse(std::string_view text);

  const PayloadType* find(int type) const {
    const auto at = type < 0 || type > 127 ? 0 : index_[std::size_t(type)];
    return at ? &all_[at - 1U] : nullptr;
  }
  const PayloadType& codec() const;  // the first
  // Telephone events of that clock, or of another; null: there are none.
  const PayloadType* events(unsigned clock_rate) const;

 private:
  Status add(std::string_view entry);

  std::vector<PayloadType> all_{};
  std::array<std::uint8_t, 128> index_{};  // place in all_, from 1
};

}  // namespace parley::rtp
