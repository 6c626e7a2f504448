// amr_wb_modes: in which of its nine modes, from 6.60 to 23.85 kbit/s, the next frame is sent: the
// one that the far end requests in its packets, as far as what it has said in a=fmtp allows.
//
// Without a request it is 12.65 kbit/s, the least that is good. mode-set names the modes that may
// be used: if a mode is none of them, it is the next lower one, or else the lowest.
// mode-change-period=2 keeps a mode for two frames at least, and mode-change-neighbor=1 goes from
// mode to mode of the set: what a gateway to a GSM network asks for.
//
// Threads: pure. RFC 4867, 4.3.1 (requests) and 8.2 (the parameters).
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "plugins/rtp/amr_wb_payload.hpp"

namespace parley::rtp::amr_wb {

class ModeChoice {
 public:
  explicit ModeChoice(std::string_view params);

  // Nothing: the far end has no preference.
  void request(std::optional<int> mode) { requested_ = mode; }
  int next();  // the mode of the next frame

 private:
  int goal() const;
  int towards(int goal) const;

  std::bitset<modes> set_{};
  bool neighbours_only_ = false;
  int period_ = 1;
  std::optional<int> requested_{};
  int mode_;
  int kept_;  // frames since the last change, as far as that matters
};

}  // namespace parley::rtp::amr_wb
