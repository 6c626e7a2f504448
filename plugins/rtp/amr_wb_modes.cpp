#include "plugins/rtp/amr_wb_modes.hpp"

#include <algorithm>

#include "engine/base/params.hpp"

namespace parley::rtp::amr_wb {
namespace {

constexpr int usual_mode = 2;  // 12.65 kbit/s

// Of "mode-set=0,1,2"; the commas may be missing, for every mode is one digit.
std::bitset<modes> modes_of(std::string_view params) {
  std::bitset<modes> set;
  for (const char c : param_text(params, "mode-set").value_or(""))
    if (c >= '0' && c < '0' + modes) set.set(std::size_t(c - '0'));
  return set.any() ? set : set.set();
}

}  // namespace

ModeChoice::ModeChoice(std::string_view params)
    : set_(modes_of(params)),
      neighbours_only_(param(params, "mode-change-neighbor") == 1),
      period_(param(params, "mode-change-period") == 2 ? 2 : 1),
      mode_(goal()),
      kept_(period_) {}

int ModeChoice::next() {
  if (const auto to = goal(); to != mode_ && kept_ >= period_) {
    mode_ = neighbours_only_ ? towards(to) : to;
    kept_ = 0;
  }
  kept_ = std::min(kept_ + 1, period_);
  return mode_;
}

int ModeChoice::goal() const {
  const int wanted = requested_.value_or(usual_mode);
  for (int mode = wanted; mode >= 0; --mode)
    if (set_[std::size_t(mode)]) return mode;
  int lowest = wanted;
  while (!set_[std::size_t(lowest)]) ++lowest;
  return lowest;
}

int ModeChoice::towards(int goal) const {
  const int step = goal > mode_ ? 1 : -1;
  int mode = mode_ + step;
  while (!set_[std::size_t(mode)]) mode += step;
  return mode;
}

}  // namespace parley::rtp::amr_wb
