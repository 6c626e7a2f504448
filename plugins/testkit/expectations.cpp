#include "plugins/testkit/expectations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <regex>

namespace parley::testkit {
namespace {

constexpr double voiced_rms = 130;  // -48 dB of full scale

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> all;
  for (std::size_t from = 0; from < list.size();) {
    const auto comma = std::min(list.find(',', from), list.size());
    if (comma > from) all.push_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  return all;
}

void check_heard(const Expected& expected, const Observed& observed,
                 std::vector<std::string>& all) {
  if (expected.heard.empty()) return;
  try {
    if (std::regex_search(observed.heard(), std::regex(expected.heard))) return;
    all.push_back(
        fmt::format("\"{}\" was to be heard, not \"{}\"", expected.heard, observed.heard()));
  } catch (const std::regex_error&) {
    all.push_back(fmt::format("\"{}\" is no regular expression", expected.heard));
  }
}

void check_events(const Expected& expected, const Observed& observed,
                  std::vector<std::string>& all) {
  const auto& events = observed.events();
  auto from = events.begin();
  for (const auto& name : split(expected.events)) {
    if (name.starts_with('!')) {
      if (std::ranges::find(events, name.substr(1)) != events.end())
        all.push_back(fmt::format("{} was not to come, and came", name.substr(1)));
      continue;
    }
    const auto found = std::find(from, events.end(), name);
    if (found == events.end()) {
      all.push_back(fmt::format("{} did not come{}; what came: {}", name,
                                from == events.begin() ? "" : " after those before it",
                                fmt::join(events, ", ")));
      return;
    }
    from = found + 1;
  }
}

void check_range(const char* what, std::int64_t value, std::int64_t least, std::int64_t most,
                 std::vector<std::string>& all) {
  if (value < least) all.push_back(fmt::format("{}: {} ms, less than {}", what, value, least));
  if (most >= 0 && value > most)
    all.push_back(fmt::format("{}: {} ms, more than {}", what, value, most));
}

}  // namespace

void Observed::audio(Nanos start, std::span<const std::int16_t> samples, unsigned rate) {
  if (!any_) start_ = start;
  any_ = true;
  rate_ = rate;
  end_ = std::max(end_, start + Nanos(1s) * std::int64_t(samples.size()) / rate);
  const auto kept =
      std::min(samples.size(), longest_audio - std::min(longest_audio, samples_.size()));
  samples_.insert(samples_.end(), samples.begin(), samples.begin() + std::ptrdiff_t(kept));
  rest_.insert(rest_.end(), samples.begin(), samples.end());
  const std::size_t size = rate / 50;
  std::size_t at = 0;
  for (; at + size <= rest_.size(); at += size) piece(std::span(rest_).subspan(at, size));
  rest_.erase(rest_.begin(), rest_.begin() + std::ptrdiff_t(at));
}

void Observed::piece(std::span<const std::int16_t> samples) {
  double sum = 0;
  for (const double s : samples) sum += s * s;
  if (std::sqrt(sum / double(samples.size())) >= voiced_rms) {
    voiced_ += 20ms;
    longest_silence_ = std::max(longest_silence_, silence_);
    silence_ = Nanos(0);
  } else {
    silence_ += 20ms;
  }
}

std::string Observed::heard() const { return fmt::format("{}", fmt::join(texts_, " ")); }

std::vector<std::string> missed(const Expected& expected, const Observed& observed) {
  std::vector<std::string> all;
  check_heard(expected, observed, all);
  check_events(expected, observed, all);
  if (!expected.keys.empty() && expected.keys != observed.keys())
    all.push_back(
        fmt::format("the keys were to be {}, not \"{}\"", expected.keys, observed.keys()));
  check_range("duration", to_ms(observed.duration()), expected.min_duration_ms,
              expected.max_duration_ms > 0 ? expected.max_duration_ms : -1, all);
  check_range("voiced", to_ms(observed.voiced()), expected.min_voiced_ms, expected.max_voiced_ms,
              all);
  check_range("longest silence", to_ms(observed.longest_silence()), 0,
              expected.max_silence_ms > 0 ? expected.max_silence_ms : -1, all);
  return all;
}

}  // namespace parley::testkit
