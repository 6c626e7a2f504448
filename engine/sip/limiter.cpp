#include "engine/sip/limiter.hpp"

#include <algorithm>

namespace parley::sip {

double Limiter::level(const Bucket& bucket, Nanos now) const {
  const double seconds = std::chrono::duration<double>(std::max(now - bucket.at, Nanos(0))).count();
  return std::min(limits_.burst, bucket.tokens + seconds * limits_.per_second);
}

bool Limiter::make_room(Nanos now) {
  if (buckets_.size() < limits_.sources) return true;
  const auto oldest = buckets_.find(by_age_.front());
  if (level(oldest->second, now) < limits_.burst) return false;
  by_age_.pop_front();
  buckets_.erase(oldest);
  return true;
}

bool Limiter::admit(const std::string& source, Nanos now) {
  auto found = buckets_.find(source);
  if (found == buckets_.end()) {
    if (!make_room(now)) return false;
    by_age_.push_back(source);
    found = buckets_.emplace(source, Bucket{limits_.burst, now, std::prev(by_age_.end())}).first;
  } else {
    by_age_.splice(by_age_.end(), by_age_, found->second.place);
  }
  auto& bucket = found->second;
  bucket.tokens = level(bucket, now);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace parley::sip
