#include "plugins/providers/sphinx_language.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "plugins/providers/sphinx_dictionary.hpp"

namespace parley::sphinx {
namespace {

using Texts = std::vector<std::string>;

// Measured against speech that answers nothing; see tests/stt/recognition_test.cpp.
constexpr double least_grammar_score = -6;
// Who brings a grammar of its own also judges by confidence what was heard unsurely.
constexpr double least_own_grammar_score = -10;
constexpr double least_bigram_score = -12;

constexpr auto yes_no =
    "yes | yeah | yep | yes please | yes it is | that's right | that is right | that's correct | "
    "that is correct | correct | right | sure | okay | exactly | of course | yes that's right | "
    "yes that is right | yes that's correct | yes that is correct | no | nope | no thanks | "
    "no thank you | no it isn't | no it is not | that's wrong | that is wrong | that's not right | "
    "that is not right | wrong | not quite | no that's wrong | no that is wrong | "
    "no that's not right | no that is not right";
constexpr auto digit = "zero | oh | one | two | three | four | five | six | seven | eight | nine";
constexpr auto letter =
    "a | b | c | d | e | f | g | h | i | j | k | l | m | n | o | p | q | r | s | t | u | v | w | x "
    "| y | z | zed";
// What people put around an answer.
constexpr auto before =
    "um | uh | oh | well | yes | hello | hi | it's | it is | this is | that's | that is | my name "
    "is | i am | i'm | the name is | i want | i would like | i'd like | can i | please";
constexpr auto after = "please | thanks | thank you | speaking | here";

// Words that any sentence may have, with how often people say them against a word of the examples.
constexpr auto common =
    "a about after again all also am an and any anything are as ask at back be because been before "
    "but by call called calling can can't could day did didn't do does doesn't don't for from get "
    "give go going good got had has have haven't he hello help her here hi him his how i i'd i'll "
    "i'm i've if in into is isn't it it's just know last let like little long look made make many "
    "may me mine month more morning much my need needs never new next no not now of off okay on "
    "one only or other our out over people please problem question really right said say see "
    "send she should so some somebody someone something sorry speak still talk tell than thank "
    "thanks that that's the their them then there there's these they thing think this time to "
    "today tomorrow too two uh um under until up us use very wait want wanted was wasn't way we "
    "we're week well went were what when where which who why will with without won't work would "
    "wrong year yes yesterday yet you your";

bool word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '\'' || c == '.' || c == '-' ||
         c == '_';
}

void sort_unique(Texts& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

bool has_kind(const SttExpectation& e, std::string_view kind) {
  return std::any_of(e.kinds.begin(), e.kinds.end(), [&](const std::string& k) {
    return k == kind || (k.starts_with(kind) && k[kind.size()] == ':');
  });
}

// "digits:10" -> 10; 0: any number of them.
unsigned count_of(const SttExpectation& e, std::string_view kind) {
  unsigned count = 0;
  for (const auto& k : e.kinds)
    if (k.starts_with(kind) && k.size() > kind.size() + 1)
      std::from_chars(k.data() + kind.size() + 1, k.data() + k.size(), count);
  return std::min(count, 40U);
}

std::string repeated(const std::string& what, unsigned count) {
  if (!count) return what + "+";
  std::string all;
  for (unsigned i = 0; i < count; ++i) all += (i ? " " : "") + what;
  return all;
}

// Letters of a phrase as they are spelled out: "j o h n".
std::string spelled(const std::string& phrase) {
  std::string all;
  for (const char c : phrase)
    if (std::isalpha(static_cast<unsigned char>(c))) (all += all.empty() ? "" : " ") += c;
  return all;
}

Texts known_phrases(const SttExpectation& e, const IsWord& is_word, Texts& unknown) {
  Texts known;
  for (const auto& p : e.phrases) {
    auto plain = spoken_form(p);
    const auto words = split_words(plain);
    bool good = !words.empty();
    for (const auto& w : words)
      if (!is_word(w)) {
        unknown.push_back(w);
        good = false;
      }
    if (good) known.push_back(std::move(plain));
  }
  sort_unique(known);
  return known;
}

std::string compose(const SttExpectation& e, const Texts& phrases) {
  Texts tops;
  std::string rules;
  if (has_kind(e, "yes_no")) {
    tops.push_back("<yes_no>");
    rules += fmt::format("<yes_no> = {};\n", yes_no);
  }
  if (has_kind(e, "digits")) {
    tops.push_back("<digits>");
    rules += fmt::format("<digit> = {};\n<digits> = {};\n", digit,
                         repeated("<digit>", count_of(e, "digits")));
  }
  if (has_kind(e, "letters")) {
    Texts spellings;
    for (const auto& p : phrases) spellings.push_back(spelled(p));
    tops.push_back("<letters>");
    rules += spellings.empty() ? fmt::format("<letter> = {};\n<letters> = {};\n", letter,
                                             repeated("<letter>", count_of(e, "letters")))
                               : fmt::format("<letters> = {};\n", fmt::join(spellings, " | "));
  }
  if (!phrases.empty()) {
    tops.push_back("<phrase>");
    rules += fmt::format("<phrase> = {};\n", fmt::join(phrases, " | "));
  }
  return fmt::format(
      "#JSGF V1.0;\ngrammar expected;\npublic <expected> = [<before>] ({}) "
      "[<after>];\n<before> = {};\n<after> = {};\n{}",
      fmt::join(tops, " | "), before, after, rules);
}

// A bigram model with absolute discounting over the examples, interpolated with unigrams that also
// give every common word its share.
class Bigrams {
 public:
  void add_sentence(const Texts& words) {
    std::string last = "<s>";
    for (const auto& w : words) {
      count(last, w);
      last = w;
    }
    count(last, "</s>");
  }
  void add_word(const std::string& word) { unigrams_[word] += common_share; }

  Texts words() const {
    Texts all;
    for (const auto& [w, n] : unigrams_)
      if (w != "</s>") all.push_back(w);
    return all;
  }

  std::string arpa() const {
    double total = 0;
    for (const auto& [w, n] : unigrams_) total += n;
    const auto unigram = [&](const std::string& w) { return unigrams_.at(w) / total; };
    std::size_t pairs = 0;
    for (const auto& [w, next] : bigrams_) pairs += next.size();
    std::string out = fmt::format("\\data\\\nngram 1={}\nngram 2={}\n\n\\1-grams:\n",
                                  unigrams_.size() + 1, pairs);
    out += fmt::format("-99.0000 <s> {:.4f}\n", std::log10(backoff("<s>")));
    for (const auto& [w, n] : unigrams_)
      out += fmt::format("{:.4f} {} {:.4f}\n", std::log10(unigram(w)), w, std::log10(backoff(w)));
    out += "\n\\2-grams:\n";
    for (const auto& [first, next] : bigrams_)
      for (const auto& [second, n] : next) {
        const double p = (n - discount) / sum_of(next) + backoff(first) * unigram(second);
        out += fmt::format("{:.4f} {} {}\n", std::log10(p), first, second);
      }
    return out + "\n\\end\\\n";
  }

 private:
  static constexpr double discount = 0.6;
  static constexpr double common_share = 0.7;

  void count(const std::string& first, const std::string& second) {
    ++unigrams_[second];
    ++bigrams_[first][second];
  }
  static double sum_of(const std::map<std::string, double>& next) {
    double sum = 0;
    for (const auto& [w, n] : next) sum += n;
    return sum;
  }
  double backoff(const std::string& word) const {
    const auto found = bigrams_.find(word);
    if (found == bigrams_.end()) return 1;
    return discount * double(found->second.size()) / sum_of(found->second);
  }

  std::map<std::string, double> unigrams_;
  std::map<std::string, std::map<std::string, double>> bigrams_;
};

Language free_words(const SttExpectation& e, const IsWord& is_word, Texts& unknown) {
  Bigrams model;
  for (const auto& p : e.phrases) {
    Texts piece;  // an unknown word splits its phrase
    for (const auto& w : split_words(spoken_form(p))) {
      if (is_word(w)) {
        piece.push_back(w);
      } else {
        unknown.push_back(w);
        if (!piece.empty()) model.add_sentence(piece);
        piece.clear();
      }
    }
    if (!piece.empty()) model.add_sentence(piece);
  }
  for (const auto& w : split_words(common))
    if (is_word(w)) model.add_word(w);
  model.add_sentence({"yes"});
  model.add_sentence({"no"});
  return {Language::Kind::bigram, model.arpa(), model.words(), 0.65, least_bigram_score};
}

// A loop inserts words wildly unless each costs something; a grammar without one fixes how many
// there are.
double word_insertion_of(const SttExpectation& e) {
  if (!e.grammar.empty() && e.grammar.find_first_of("+*") == std::string::npos) return 0.1;
  return has_kind(e, "digits") || has_kind(e, "letters") ? 1e-4 : 0.1;
}

}  // namespace

std::vector<std::string> words_of_jsgf(const std::string& grammar) {
  Texts words;
  // Behind the header and the grammar's name: what is in <>, {} or // is no word, nor is "public".
  auto at = grammar.find("grammar ");
  at = at == std::string::npos ? 0 : grammar.find(';', at);
  std::string word;
  char closing = 0;
  for (; at < grammar.size(); ++at) {
    const char c = grammar[at];
    if (closing) {
      if (c == closing) closing = 0;
      continue;
    }
    if (word_character(c)) {
      word += c;
      continue;
    }
    if (!word.empty() && word != "public") words.push_back(word);
    word.clear();
    closing = c == '<' ? '>' : c == '{' ? '}' : c == '/' ? '/' : '\0';
  }
  if (!word.empty()) words.push_back(word);
  sort_unique(words);
  return words;
}

Language language_for(const SttExpectation& e, const IsWord& is_word, Texts& unknown) {
  Language language;
  const bool closed =
      !e.grammar.empty() || (!has_kind(e, "text") && !(e.kinds.empty() && e.phrases.empty()));
  const auto phrases = closed && e.grammar.empty() ? known_phrases(e, is_word, unknown) : Texts();
  const bool composable =
      !phrases.empty() || has_kind(e, "yes_no") || has_kind(e, "digits") || has_kind(e, "letters");
  if (closed && (composable || !e.grammar.empty())) {
    language.text = e.grammar.empty() ? compose(e, phrases) : e.grammar;
    language.words = words_of_jsgf(language.text);
    language.word_insertion = word_insertion_of(e);
    language.least_score = e.grammar.empty() ? least_grammar_score : least_own_grammar_score;
    for (const auto& w : language.words)
      if (!is_word(w)) unknown.push_back(w);
  } else {
    language = free_words(e, is_word, unknown);
  }
  sort_unique(unknown);
  return language;
}

}  // namespace parley::sphinx
