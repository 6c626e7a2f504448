#include "plugins/providers/speech_cache.hpp"

#include <utility>

namespace parley {

SpeechRef SpeechCache::find(const std::string& key) {
  return state_.with([&](State& s) -> SpeechRef {
    const auto found = s.by_key.find(key);
    if (found == s.by_key.end()) return {};
    s.order.splice(s.order.begin(), s.order, found->second);
    return found->second->speech;
  });
}

void SpeechCache::put(const std::string& key, SpeechRef speech) {
  const auto size = speech->samples.size();
  if (size > max_samples_) return;
  state_.with([&](State& s) {
    if (s.by_key.contains(key)) return;
    s.order.push_front({key, std::move(speech)});
    s.by_key.emplace(key, s.order.begin());
    s.samples += size;
    while (s.samples > max_samples_) {
      s.samples -= s.order.back().speech->samples.size();
      s.by_key.erase(s.order.back().key);
      s.order.pop_back();
    }
  });
}

std::size_t SpeechCache::samples() const {
  return state_.with([](const State& s) { return s.samples; });
}

}  // namespace parley
