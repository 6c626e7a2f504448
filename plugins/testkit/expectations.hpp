// expectations: what a stream must have been like when it ends, and what it was like.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"

namespace parley::testkit {

// What went by.
class Observed {
 public:
  void audio(Nanos start, std::span<const std::int16_t> samples, unsigned rate);
  void text(const std::string& text) { texts_.push_back(text); }
  void event(const std::string& name) { events_.push_back(name); }
  void key(const std::string& digit) { keys_ += digit; }

  Nanos duration() const { return end_ > start_ ? end_ - start_ : Nanos(0); }
  Nanos voiced() const { return voiced_; }
  Nanos longest_silence() const { return std::max(longest_silence_, silence_); }
  std::string heard() const;  // the texts, a space between
  const std::vector<std::string>& events() const { return events_; }
  const std::string& keys() const { return keys_; }
  const std::vector<std::int16_t>& samples() const { return samples_; }
  unsigned rate() const { return rate_; }

 private:
  static constexpr std::size_t longest_audio = 30 * 60 * 16'000;  // samples kept

  void piece(std::span<const std::int16_t> samples);

  bool any_ = false;
  Nanos start_{0}, end_{0}, voiced_{0}, silence_{0}, longest_silence_{0};
  unsigned rate_ = 8000;
  std::vector<std::int16_t> samples_, rest_;
  std::vector<std::string> texts_, events_;
  std::string keys_;
};

struct Expected {
  std::string heard{};   // a regular expression (ECMAScript) that occurs in the texts
  std::string events{};  // names in this order, with commas; !name must not occur
  std::string keys{};    // exactly these; empty: whatever
  std::int64_t min_duration_ms = 0, max_duration_ms = 0;  // 0: whatever
  std::int64_t min_voiced_ms = 0, max_voiced_ms = -1;     // -1: whatever
  std::int64_t max_silence_ms = 0;                        // 0: whatever
};

// A sentence for each expectation that is not met.
std::vector<std::string> missed(const Expected& expected, const Observed& observed);

}  // namespace parley::testkit
