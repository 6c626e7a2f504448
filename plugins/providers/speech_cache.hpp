// speech_cache: what was synthesised lately, so that greetings and questions cost nothing again.
//
// Bounded by the samples it holds; the least recently used goes first.
// Threads: any.
#pragma once

#include <list>
#include <string>
#include <unordered_map>

#include "engine/base/guarded.hpp"
#include "plugins/providers/tts.hpp"

namespace parley {

class SpeechCache {
 public:
  explicit SpeechCache(std::size_t max_samples) : max_samples_(max_samples) {}

  SpeechRef find(const std::string& key);  // empty: not here
  void put(const std::string& key, SpeechRef speech);
  std::size_t samples() const;

 private:
  struct Entry {
    std::string key;
    SpeechRef speech;
  };
  struct State {
    std::list<Entry> order;  // most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_key;
    std::size_t samples = 0;
  };

  const std::size_t max_samples_;
  Guarded<State> state_;
};

}  // namespace parley
