#include "plugins/rtp/patience.hpp"

#include <algorithm>

namespace parley::rtp {

void Patience::note(Nanos late) {
  const auto place = late <= Nanos(0) ? 0 : std::min(std::size_t(late / step) + 1, buckets - 1);
  counts_[place] += weight;
  total_ += weight;
  ++noted_;
  if (noted_ % forget_every == 0) {
    forget();
    wait_ = measured();
  } else if (late > wait_) {
    wait_ = std::max(wait_, measured());
  }
}

void Patience::forget() {
  total_ = 0;
  for (auto& count : counts_) total_ += count -= count / 4;
}

Nanos Patience::measured() const {
  std::uint64_t beyond = 0;
  for (std::size_t i = buckets - 1; i > 0; --i) {
    beyond += counts_[i];
    if (beyond * 1000 > total_ * tail_per_mille) return step * std::int64_t(i);
  }
  return {};
}

}  // namespace parley::rtp
