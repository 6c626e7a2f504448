// flite: the embedded synthesiser, offline and without an account.
//
// What was said before comes from a cache that all calls share. The rest queues for one worker at a
// time, since flite's noise comes from a generator of the process: a second worker would only wait.
// About 80 seconds of speech a second of processor time (voice rms).
//
// Threads: ask() on the call's loop; synthesis on the workers.
#include <fmt/format.h>

#include "plugins/gstpp/default_loop.hpp"
#include "plugins/providers/flite_synthesis.hpp"
#include "plugins/providers/once.hpp"
#include "plugins/providers/speech_cache.hpp"

namespace parley {
namespace {

constexpr Nanos virtual_cost = 15ms;  // to the first sample, in virtual time
constexpr std::size_t cached_samples = 16 << 20;
constexpr std::size_t most_waiting = 1024;

SpeechCache& cache() {
  static auto& one = *new SpeechCache(cached_samples);  // outlives the workers
  return one;
}

Strand& queue() {
  static auto& one =
      *new std::shared_ptr<Strand>(Strand::make(gst::default_workers(), most_waiting));
  return *one;
}

TtsResult synthesize(const TtsOptions& options, const std::string& key, const std::string& text) {
  if (auto known = cache().find(key)) return known;
  auto result = flite_synthesize(options, text);
  if (auto* failure = std::get_if<Failure>(&result)) return std::move(*failure);
  auto speech = std::make_shared<const Speech>(std::get<Speech>(std::move(result)));
  cache().put(key, speech);
  return speech;
}

std::unique_ptr<TtsStream> ask(LoopRef loop, const TtsOptions& options, const std::string& text,
                               TtsSink sink) {
  auto stream = std::make_unique<OnceStream<TtsStream, TtsSink>>(std::move(sink));
  const auto reply = stream->reply();
  std::string key = fmt::format("{}/{}/{}/{}", options.voice, options.rate, options.speed, text);
  // In virtual time a hit must cost what a miss does: which it is depends on how fast a worker was.
  if (auto known = loop->is_virtual() ? SpeechRef() : cache().find(key)) {
    loop->after(Nanos(0), [reply, known] { reply.deliver(TtsResult(known)); });
    return stream;
  }
  const bool taken = loop->job(queue(), virtual_cost, [=]() -> Loop::Task {
    if (!reply.wanted()) return {};
    return [reply, result = synthesize(options, key, text)] { reply.deliver(result); };
  });
  if (!taken)
    loop->after(Nanos(0), [reply] {
      reply.deliver(
          TtsResult(Failure{.what = "flite: too many sentences wait for it", .retry = true}));
    });
  return stream;
}

}  // namespace

extern const TtsProvider flite_tts;
const TtsProvider flite_tts{.name = "flite", .ask = ask};

}  // namespace parley
