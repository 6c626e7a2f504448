// tts: what a speech synthesis service has to do to be one of ours.
//
// Threads: everything here is called on the call's loop, the sink included. Slow work happens on a
// worker or on the provider I/O thread, behind the provider.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/loop.hpp"
#include "plugins/providers/failure.hpp"

namespace parley {

struct TtsOptions {
  std::string voice{};
  unsigned rate = 8000;  // samples a second of what comes back: 8000 or 16000
  double speed = 1;      // 2: twice as fast
  Nanos delay{0};        // scripted only: how long it thinks
};

// What a piece of text sounds like.
struct Speech {
  std::vector<std::int16_t> samples{};
  std::vector<std::string> words{};  // as they stand in the text, cut at white space
  std::vector<std::size_t> ends{};   // the sample after each word's last; ascending
};
using SpeechRef = std::shared_ptr<const Speech>;

// Exactly one, never before ask() has returned.
using TtsResult = std::variant<SpeechRef, Failure>;
using TtsSink = std::function<void(TtsResult)>;

// One piece of text under way. Destroying it cancels; the sink is not called after that. It may be
// destroyed by its own sink.
class TtsStream {
 public:
  virtual ~TtsStream() = default;
};

struct TtsProvider {
  std::string_view name;  // what `parleytts provider=` takes
  std::unique_ptr<TtsStream> (*ask)(LoopRef loop, const TtsOptions&, const std::string& text,
                                    TtsSink);
};

std::span<const TtsProvider* const> tts_providers();
const TtsProvider* find_tts(std::string_view name);  // null: nobody has that name

}  // namespace parley
