// stt: what a speech-to-text service has to do to be one of ours.
//
// A provider says where it runs. `loop`: its sessions are called on the call's loop and must not
// block there; their I/O is elsewhere. `worker`: they are called on a worker, one call after the
// other, and may take long. Either way the bridge (plugins/stt) owns the hops: what a session says
// to its sink arrives on the call's loop, or nowhere once the call has ended.
//
// Threads: sessions as above; a session's sink only from within a call of the session (worker) or
// on the loop (loop); the tables from any.
#pragma once

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

// What may be said next. With neither kinds nor phrases nor a grammar: anything.
struct SttExpectation {
  // Slot types: yes_no, choice, digits (exactly N of them: "digits:N"), letters, text, command.
  std::vector<std::string> kinds{};
  std::vector<std::string> phrases{};
  std::string grammar{};  // JSGF; taken as it is instead of one made from the rest
  bool operator==(const SttExpectation&) const = default;
};

struct SttOptions {
  unsigned rate = 8000;
  std::string script{};  // scripted: what is heard, utterance by utterance, separated by '|'
  Nanos delay{0};        // scripted: from the end of speech to the final text
};

struct SttPartial {
  std::string text{};  // replaces the partial before
};
struct SttFinal {
  std::string text{};     // empty when rejected or not understood
  double confidence = 0;  // 0 to 1
  bool rejected = false;  // something was said, but nothing that was expected
};
struct SttWarning {
  std::string what{};  // recognition goes on, worse than it might: a sentence that says why
};
// Of an utterance: any number of partials and warnings, then exactly one SttFinal, or a Failure in
// its place.
using SttResult = std::variant<SttPartial, SttWarning, SttFinal, Failure>;
using SttSink = std::function<void(SttResult)>;

// One call's conversation with a service. Destroying it cancels; the sink is not called again.
class SttSession {
 public:
  virtual ~SttSession() = default;
  // What the utterances to come may be; not for one that has begun.
  virtual void expect(const SttExpectation& expectation) = 0;
  // Of the audio of the utterances to come, in place of SttOptions::rate; not for one that has
  // begun.
  virtual void set_rate(unsigned rate) = 0;
  // More of an utterance; the first of it begins one.
  virtual void audio(std::span<const std::int16_t> samples) = 0;
  // The utterance is over: its SttFinal or Failure follows, also when there was no audio.
  virtual void end_of_speech() = 0;
  // The utterance is not wanted any more: nothing follows.
  virtual void abandon() = 0;
};

struct SttProvider {
  enum class Where { loop, worker };

  std::string_view name;  // what `parleystt provider=` takes
  Where where;
  std::size_t utterances;  // how many at once in this process; 0: any number
  // Virtual time: how long a worker takes for a piece of audio, and for the final text.
  Nanos piece_cost, final_cost;
  std::unique_ptr<SttSession> (*open)(LoopRef loop, const SttOptions&, SttSink);
  // Of these words and phrases, the words that can never be recognised; null: there are none.
  std::vector<std::string> (*unknown_words)(std::span<const std::string> phrases);
};

std::span<const SttProvider* const> stt_providers();
const SttProvider* find_stt(std::string_view name);  // null: nobody has that name

}  // namespace parley
