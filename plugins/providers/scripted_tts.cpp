// scripted: a tone of 200 ms for each word, after `delay`; no voice, no work, the same every time.
// For tests and for measuring the engine without a synthesiser. The voice "broken" fails at every
// text.
//
// Threads: the call's loop only.
#include <array>
#include <cmath>

#include "plugins/providers/once.hpp"
#include "plugins/providers/tts.hpp"
#include "plugins/tts/normalize.hpp"

namespace parley {
namespace {

constexpr unsigned lowest_hz = 300, step_hz = 50, tones = 8;

// One second of a 1 Hz sine: a tone of f Hz is every f-th sample of it.
template <unsigned rate>
const std::array<std::int16_t, rate>& sine() {
  static const auto table = [] {
    std::array<std::int16_t, rate> t{};
    for (unsigned i = 0; i < rate; ++i)
      t[i] = std::int16_t(std::lround(5000 * std::sin(2 * M_PI * i / rate)));
    return t;
  }();
  return table;
}

SpeechRef tones_for(const TtsOptions& options, const std::string& text) {
  const std::int16_t* table = options.rate == 16000 ? sine<16000>().data() : sine<8000>().data();
  const unsigned rate = options.rate == 16000 ? 16000 : 8000;
  const auto each = std::size_t(double(rate) / 5 / options.speed);
  auto speech = std::make_shared<Speech>();
  for (const auto word : tts::split_words(text)) {
    const unsigned hz = lowest_hz + step_hz * unsigned(speech->words.size() % tones);
    for (std::size_t i = 0; i < each; ++i) speech->samples.push_back(table[i * hz % rate]);
    speech->words.emplace_back(word);
    speech->ends.push_back(speech->samples.size());
  }
  return speech;
}

std::unique_ptr<TtsStream> ask(LoopRef loop, const TtsOptions& options, const std::string& text,
                               TtsSink sink) {
  auto stream = std::make_unique<OnceStream<TtsStream, TtsSink>>(std::move(sink));
  loop->after(options.delay, [reply = stream->reply(), options, text] {
    if (!reply.wanted()) return;
    if (options.voice == "broken")
      reply.deliver(TtsResult(Failure{.what = "scripted: the voice \"broken\" never speaks"}));
    else
      reply.deliver(TtsResult(tones_for(options, text)));
  });
  return stream;
}

}  // namespace

extern const TtsProvider scripted_tts;
const TtsProvider scripted_tts{.name = "scripted", .ask = ask};

}  // namespace parley
