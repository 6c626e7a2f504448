// channel: a call's way to its speech-to-text provider and back, wherever the provider runs.
//
// A provider on the loop is called at once. One on a worker gets its audio in pieces of 80 ms, one
// piece at a time: when the worker is late, the next piece is longer, so nothing queues up. Every
// utterance that is ended gets exactly one SttFinal or Failure through the sink: also when the
// process has no recogniser left, the worker's queue is full, or nothing came within the deadline.
// What a provider says of an abandoned utterance is dropped.
//
// Threads: the call's loop.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "plugins/providers/stt.hpp"

namespace parley {

// How many utterances a provider recognises at the moment, in the whole process. Any thread.
class UtteranceLease {
 public:
  UtteranceLease() = default;
  static UtteranceLease take(const SttProvider& provider, std::size_t limit);  // may be empty
  explicit operator bool() const { return bool(held_); }

 private:
  std::shared_ptr<const SttProvider> held_;
};

class SttChannel {
 public:
  // `limit`: utterances at once in this process; 0: as the provider says.
  SttChannel(LoopRef loop, Workers& workers, const SttProvider& provider, const SttOptions& options,
             std::size_t limit, SttSink sink);
  ~SttChannel();  // the sink is not called again
  SttChannel(const SttChannel&) = delete;
  SttChannel& operator=(const SttChannel&) = delete;

  void expect(const SttExpectation& expectation);
  void set_rate(unsigned rate);  // of the audio of the utterances to come
  void audio(std::span<const std::int16_t> samples);
  void end_of_speech();
  void abandon();  // everything: what is being said and what is still being recognised
  std::size_t unanswered() const;  // utterances ended and not answered yet

 private:
  struct Core;
  const std::shared_ptr<Core> core_;
};

}  // namespace parley
