#include "plugins/providers/sphinx_decoder.hpp"

#include <fmt/format.h>
#include <pocketsphinx.h>
#include <sphinxbase/err.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

#include "plugins/providers/sphinx_dictionary.hpp"

namespace parley::sphinx {
namespace {

constexpr auto acoustic_model = PARLEY_SPHINX_MODELS "/en-us/en-us";
constexpr auto expected = "expected", sounds = "sounds";
// A decoder that has decoded a whole utterance aborts the process when it is later given, while one
// is said, more frames at once than its buffers grew to (acmod_process_cep). At least 12 always
// fit; these are 4, and without the removal of silence no more come out than went in.
constexpr std::size_t live_piece = 640;
constexpr double sounds_insertion = 0.1;
// What a grammar loses once against the loop, however short the answer: choosing among its branches
// and its silences. Without it every "yes" looks worse than a long sentence that answers nothing.
constexpr double allowance = 1000;
constexpr std::array<float, 13> telephone_mean = {45.02F, 5.31F,  -0.39F, 12.97F, -4.50F,
                                                  -4.94F, -0.38F, -6.80F, 5.20F,  -0.74F,
                                                  -1.60F, 4.84F,  -2.09F};
constexpr std::array phones = {"AA", "AE", "AH", "AO", "AW", "AY", "B",  "CH", "D",  "DH",
                               "EH", "ER", "EY", "F",  "G",  "HH", "IH", "IY", "JH", "K",
                               "L",  "M",  "N",  "NG", "OW", "OY", "P",  "R",  "S",  "SH",
                               "T",  "TH", "UH", "UW", "V",  "W",  "Y",  "Z",  "ZH"};
constexpr std::array<std::pair<const char*, const char*>, 3> noises = {
    {{"NSN", "+NSN+"}, {"SPN", "+SPN+"}, {"SIL", "SIL"}}};

// A directory of its own for the files that pocketsphinx insists on; gone with the object.
class PrivateFiles {
 public:
  PrivateFiles() {
    auto name = (std::filesystem::temp_directory_path() / "parley-stt-XXXXXX").string();
    if (mkdtemp(name.data())) path_ = name;
  }
  ~PrivateFiles() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

  // Empty: it could not be written.
  std::string write(const std::string& name, const std::string& text) const {
    if (path_.empty()) return {};
    const auto file = (path_ / name).string();
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    return out ? file : std::string();
  }

 private:
  std::filesystem::path path_;
};

// The words of the loop: one for each phone and each noise.
std::string sound_words() {
  std::string lines;
  for (const auto* p : phones) lines += fmt::format("_{0} {0}\n", p);
  for (const auto& [name, phone] : noises) lines += fmt::format("_{} {}\n", name, phone);
  return lines;
}

std::string sound_loop() {
  std::string all;
  for (const auto* p : phones) all += fmt::format("{}_{}", all.empty() ? "" : " | ", p);
  for (const auto& [name, phone] : noises) all += fmt::format(" | _{}", name);
  return fmt::format("#JSGF V1.0;\ngrammar sounds;\npublic <sounds> = ({})+;\n", all);
}

// The model's feature parameters, but for the start value of the cepstral mean.
std::string feature_parameters() {
  std::ifstream in(std::string(acoustic_model) + "/feat.params");
  std::string all;
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("-cmninit")) all += line + "\n";
  return all + fmt::format("-cmninit {:.2f}\n", fmt::join(telephone_mean, ","));
}

void quiet_once() {
  static std::once_flag once;
  std::call_once(once, [] { err_set_logfp(nullptr); });
}

}  // namespace

void Decoder::Free::operator()(ps_decoder_s* decoder) const { ps_free(decoder); }

Result<std::unique_ptr<Decoder>> Decoder::make(const Language& language) {
  quiet_once();
  const PrivateFiles files;
  const auto words = Dictionary::shared().excerpt(language.words) + sound_words();
  const auto dictionary = files.write("words.dict", words);
  const auto features = files.write("feat.params", feature_parameters());
  if (dictionary.empty() || features.empty())
    return Error{
        fmt::format("cannot write to {}", std::filesystem::temp_directory_path().string())};
  auto* config =
      cmd_ln_init(nullptr, ps_args(), TRUE, "-hmm", acoustic_model, "-dict", dictionary.c_str(),
                  "-featparams", features.c_str(), "-beam", "1e-80", "-pbeam", "1e-80", "-wbeam",
                  "1e-60", "-mmap", "yes", "-remove_silence", "no", nullptr);
  if (!config) return Error{"pocketsphinx refuses its options"};
  auto* ps = ps_init(config);
  cmd_ln_free_r(config);
  if (!ps) return Error{fmt::format("pocketsphinx cannot load the model in {}", acoustic_model)};
  std::unique_ptr<Decoder> decoder(new Decoder(language, ps));
  const auto insertion = [&](double w) { cmd_ln_set_float_r(ps_get_config(ps), "-wip", w); };
  insertion(language.word_insertion);
  const bool loaded =
      language.kind == Language::Kind::grammar
          ? ps_set_jsgf_string(ps, expected, language.text.c_str()) == 0
          : ps_set_lm_file(ps, expected, files.write("words.lm", language.text).c_str()) == 0;
  if (!loaded) return Error{"pocketsphinx cannot load the grammar of what is expected"};
  insertion(sounds_insertion);
  if (ps_set_jsgf_string(ps, sounds, sound_loop().c_str()) != 0)
    return Error{"pocketsphinx cannot load the loop of all sounds"};
  return decoder;
}

void Decoder::start(const char* search) {
  auto* ps = decoder_.get();
  end();
  ps_set_search(ps, search);
  std::array<mfcc_t, telephone_mean.size()> mean;
  std::copy(telephone_mean.begin(), telephone_mean.end(), mean.begin());
  cmn_live_set(ps_get_feat(ps)->cmn_struct, mean.data());
  ps_start_stream(ps);
  in_utterance_ = ps_start_utt(ps) == 0;
}

void Decoder::begin() { start(expected); }

std::string Decoder::more(std::span<const std::int16_t> samples) {
  if (!in_utterance_) return {};
  for (; !samples.empty(); samples = samples.subspan(std::min(live_piece, samples.size())))
    ps_process_raw(decoder_.get(), samples.data(), std::min(live_piece, samples.size()), FALSE,
                   FALSE);
  const auto* text = ps_get_hyp(decoder_.get(), nullptr);
  return text ? text : "";
}

void Decoder::end() {
  if (in_utterance_) ps_end_utt(decoder_.get());
  in_utterance_ = false;
}

Heard Decoder::run(const char* search, std::span<const std::int16_t> samples) {
  start(search);
  if (!in_utterance_) return {};
  ps_process_raw(decoder_.get(), samples.data(), samples.size(), FALSE, TRUE);
  end();
  int32 score = 0;
  const auto* text = ps_get_hyp(decoder_.get(), &score);
  return {text ? text : "", double(score), ps_get_n_frames(decoder_.get())};
}

Heard Decoder::decode(std::span<const std::int16_t> samples) {
  auto heard = run(expected, samples);
  if (heard.text.empty() || heard.frames <= 0) return {};
  const auto any = run(sounds, samples);
  heard.score = (heard.score - any.score + allowance) / heard.frames;
  return heard;
}

}  // namespace parley::sphinx
