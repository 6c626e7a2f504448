// pocketsphinx_stt: recognition on this machine, without a network, by pocketsphinx and its model
// for US English.
//
// The model is for 16 kHz; telephone audio is raised to that and gets a little noise. While
// somebody speaks the words so far are partials; then the whole utterance is decoded again, which
// is better (50 ms), and against a loop of all sounds: what that explains much better was none of
// what was expected, and is rejected. 9.5 MB a decoder; decoders that are not in use are kept for
// the next utterance that expects the same.
//
// Limits: English; dependable for yes/no, names and phrases of a list, spelling against a list and
// reasons near the examples; open digits and letters are to be read back.
// Threads: a session on one worker at a time; the idle decoders from any.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>

#include "plugins/dsp/half_band.hpp"
#include "plugins/providers/sphinx_decoder.hpp"
#include "plugins/providers/sphinx_dictionary.hpp"
#include "plugins/providers/sphinx_language.hpp"
#include "plugins/providers/stt.hpp"

namespace parley {
namespace {

using sphinx::Decoder;
using sphinx::Language;

constexpr int dither_level = 30;
constexpr std::size_t most_idle = 12;
constexpr double unsure_over = 4;  // so far above the least score the confidence is a half

// Decoders that nobody uses, the one used last at the front. Any thread.
class IdleDecoders {
 public:
  Result<std::unique_ptr<Decoder>> take(const Language& language) {
    {
      std::lock_guard lock(mutex_);
      for (auto it = idle_.begin(); it != idle_.end(); ++it)
        if ((*it)->language().text == language.text) {
          auto found = std::move(*it);
          idle_.erase(it);
          return found;
        }
    }
    return Decoder::make(language);
  }
  void put(std::unique_ptr<Decoder> decoder) {
    std::lock_guard lock(mutex_);
    idle_.push_front(std::move(decoder));
    if (idle_.size() > most_idle) idle_.pop_back();
  }

 private:
  std::mutex mutex_;
  std::list<std::unique_ptr<Decoder>> idle_;
};

IdleDecoders& idle_decoders() {
  static IdleDecoders one;
  return one;
}

class Session final : public SttSession {
 public:
  Session(const SttOptions& options, SttSink sink) : rate_(options.rate), sink_(std::move(sink)) {}
  ~Session() override { give_back(); }

  void expect(const SttExpectation& e) override {
    if (e == expectation_) return;
    expectation_ = e;
    known_ = false;
  }

  void set_rate(unsigned rate) override { rate_ = rate; }

  void audio(std::span<const std::int16_t> samples) override {
    if (!begun_) begin();
    const auto before = heard_.size();
    if (rate_ == 8000)
      up_.push(samples, heard_);
    else
      heard_.insert(heard_.end(), samples.begin(), samples.end());
    const auto fresh = std::span(heard_).subspan(before);
    dither_.add(fresh);
    if (!decoder_) return;
    auto text = decoder_->more(fresh);
    if (text.empty() || text == partial_) return;
    partial_ = std::move(text);
    sink_(SttPartial{partial_});
  }

  void end_of_speech() override {
    if (!begun_) {
      sink_(SttFinal{.text = "", .confidence = 0, .rejected = true});
    } else if (!decoder_) {
      sink_(Failure{failure_, false});
    } else {
      sink_(judge(decoder_->decode(heard_)));
    }
    abandon();
  }

  void abandon() override {
    give_back();
    begun_ = false;
    heard_.clear();
    partial_.clear();
  }

 private:
  void begin() {
    begun_ = true;
    up_ = {};
    dither_ = Dither(dither_level);
    learn();
    auto decoder = idle_decoders().take(language_);
    if (!decoder) {
      failure_ = decoder.error();
      return;
    }
    decoder_ = std::move(*decoder);
    decoder_->begin();
  }

  // From the expectation to a language, once.
  void learn() {
    if (std::exchange(known_, true)) return;
    const auto& dictionary = sphinx::Dictionary::shared();
    std::vector<std::string> unknown;
    language_ = sphinx::language_for(
        expectation_, [&](const std::string& w) { return dictionary.has(w); }, unknown);
    if (!unknown.empty())
      sink_(SttWarning{fmt::format("no pronunciation is known for {}; it will not be recognised",
                                   fmt::join(unknown, ", "))});
  }

  SttFinal judge(const sphinx::Heard& heard) const {
    const double over = heard.score - language_.least_score;
    const double confidence = 1 / (1 + std::exp((unsure_over - over) / 2));
    if (heard.text.empty() || over < 0) return {"", heard.text.empty() ? 0 : confidence, true};
    return {heard.text, confidence, false};
  }

  void give_back() {
    if (!decoder_) return;
    decoder_->end();
    idle_decoders().put(std::move(decoder_));
  }

  unsigned rate_;
  const SttSink sink_;
  SttExpectation expectation_;
  Language language_;
  bool known_ = false;  // language_ is that of expectation_
  bool begun_ = false;
  std::unique_ptr<Decoder> decoder_;
  std::string failure_;
  Upsampler up_;
  Dither dither_{dither_level};
  std::vector<std::int16_t> heard_;  // the utterance, at 16 kHz
  std::string partial_;
};

std::vector<std::string> unknown_words(std::span<const std::string> phrases) {
  std::vector<std::string> unknown;
  for (const auto& p : phrases)
    for (auto& w : sphinx::split_words(sphinx::spoken_form(p)))
      if (!sphinx::Dictionary::shared().has(w) &&
          std::find(unknown.begin(), unknown.end(), w) == unknown.end())
        unknown.push_back(std::move(w));
  return unknown;
}

}  // namespace

extern const SttProvider pocketsphinx_stt;
const SttProvider pocketsphinx_stt{
    .name = "pocketsphinx",
    .where = SttProvider::Where::worker,
    .utterances = 64,
    .piece_cost = 20ms,
    .final_cost = 80ms,
    .open = [](LoopRef, const SttOptions& o, SttSink sink) -> std::unique_ptr<SttSession> {
      return std::make_unique<Session>(o, std::move(sink));
    },
    .unknown_words = unknown_words};

}  // namespace parley
