#include "plugins/providers/flite_synthesis.hpp"

#include <flite/flite.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "plugins/tts/level.hpp"
#include "plugins/tts/normalize.hpp"
#include "plugins/tts/word_timing.hpp"

extern "C" {  // flite ships no header for its voices
cst_voice* register_cmu_us_rms(const char* directory);
cst_voice* register_cmu_us_slt(const char* directory);
cst_voice* register_cmu_us_kal16(const char* directory);
}

namespace parley {
namespace {

constexpr unsigned flite_rate = 16000;

struct Voice {
  const char* name;
  cst_voice* (*open)(const char*);
  cst_voice* opened = nullptr;
};

struct Flite {
  std::mutex one_at_a_time;
  std::array<Voice, 3> voices{{{"rms", register_cmu_us_rms},
                               {"slt", register_cmu_us_slt},
                               {"kal16", register_cmu_us_kal16}}};
};

Flite& flite() {
  static auto& one = *new Flite;  // outlives the workers, whose end nobody orders
  [[maybe_unused]] static const int ready = flite_init();
  return one;
}

cst_voice* find_voice(Flite& f, const std::string& name) {
  const auto found = std::ranges::find(f.voices, name, [](const Voice& v) { return v.name; });
  if (found == f.voices.end()) return nullptr;
  if (!found->opened) found->opened = found->open(nullptr);
  return found->opened;
}

unsigned seed_of(const std::string& text) {  // FNV-1a
  unsigned hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

struct Spoken {
  std::vector<std::int16_t> samples;    // 16 kHz
  std::vector<std::size_t> token_ends;  // of each white-space separated word
};

// The end of a token is the end of the last sound of its last word; one without sound ends where
// the one before did.
std::vector<std::size_t> token_ends(cst_utterance* u) {
  std::vector<std::size_t> ends;
  std::size_t last = 0;
  for (auto* t = relation_head(utt_relation(u, "Token")); t; t = item_next(t)) {
    for (auto* word = item_daughter(t); word; word = item_next(word))
      if (const auto* sound = path_to_item(word, "R:SylStructure.daughtern.daughtern.R:Segment"))
        last = std::size_t(std::max(0.f, item_feat_float(sound, "end")) * float(flite_rate));
    ends.push_back(last);
  }
  return ends;
}

bool speak(const TtsOptions& options, const std::string& text, Spoken& spoken, Failure& failure) {
  auto& f = flite();
  std::lock_guard lock(f.one_at_a_time);
  auto* voice = find_voice(f, options.voice);
  if (!voice) {
    failure.what = "flite has no voice \"" + options.voice + "\"; it has rms, slt and kal16";
    return false;
  }
  const std::unique_ptr<cst_utterance, decltype(&delete_utterance)> u(new_utterance(),
                                                                      delete_utterance);
  utt_set_input_text(u.get(), text.c_str());
  utt_init(u.get(), voice);
  feat_set_float(u->features, "duration_stretch", float(1 / options.speed));
  std::srand(seed_of(text));
  if (!utt_synth(u.get()) || !utt_wave(u.get())) {
    failure = {.what = "flite could not synthesise the text", .retry = false};
    return false;
  }
  const auto* wave = utt_wave(u.get());
  spoken.samples.assign(wave->samples, wave->samples + wave->num_samples);
  spoken.token_ends = token_ends(u.get());
  return true;
}

}  // namespace

std::variant<Speech, Failure> flite_synthesize(const TtsOptions& options, const std::string& text) {
  const auto words = tts::normalize(text);
  const std::string say = tts::spoken_text(words);
  Spoken spoken;
  Failure failure;
  if (!say.empty() && !speak(options, say, spoken, failure)) return failure;

  const auto skip = tts::leading_silence(spoken.samples, flite_rate);
  spoken.samples.erase(spoken.samples.begin(), spoken.samples.begin() + std::ptrdiff_t(skip));
  Speech speech;
  const unsigned divide = options.rate == flite_rate ? 1 : 2;
  speech.samples = divide == 1 ? std::move(spoken.samples) : tts::halve_rate(spoken.samples);
  tts::set_level(speech.samples, options.rate);
  for (auto& end : spoken.token_ends) end = (end > skip ? end - skip : 0) / divide;
  speech.ends = tts::word_ends(words, spoken.token_ends, speech.samples.size());
  for (const auto& w : words) speech.words.push_back(w.written);
  return speech;
}

}  // namespace parley
