#include "plugins/providers/sphinx_language.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "plugins/providers/sphinx_dictionary.hpp"

using namespace parley;
using namespace parley::sphinx;

namespace {

using Texts = std::vector<std::string>;

Language language(const SttExpectation& e, Texts& unknown) {
  return language_for(
      e, [](const std::string& w) { return w != "xyz" && w != "xx" && w != "max"; }, unknown);
}
Language language(const SttExpectation& e) {
  Texts unknown;
  return language(e, unknown);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("dictionary: all pronunciations of a word; one that is unknown is never said") {
  const Dictionary d("a AH\na(2) EY\nread R EH D\nread(2) R IY D\n");
  CHECK(d.words() == 2);
  CHECK(d.has("read"));
  CHECK_FALSE(d.has("read(2)"));
  CHECK(d.excerpt(Texts{"read"}) == "read R EH D\nread(2) R IY D\n");
  CHECK(d.excerpt(Texts{"blurb"}).starts_with("blurb ZH"));
}

TEST_CASE("dictionary: the model's is there and has the words of a telephone call") {
  CHECK(Dictionary::shared().words() > 100'000);
  for (const auto* word : {"yes", "no", "that's", "i'd", "zero", "j", "appointment", "yeah"})
    CHECK(Dictionary::shared().has(word));
}

TEST_CASE("spoken form: lower case, no punctuation, digits as words") {
  CHECK(spoken_form("Call 555-1234, please!") == "call five five five one two three four please");
  CHECK(spoken_form("  That's   RIGHT.  ") == "that's right");
  CHECK(spoken_form("...").empty());
}

TEST_CASE("language: the words of a grammar, without rules, weights, tags and header") {
  CHECK(words_of_jsgf("#JSGF V1.0;\ngrammar step;\npublic <step> = [<lead>] (yes | /0.5/ no {TAG}) "
                      "please* ;\n<lead> = well | that's+;") ==
        Texts{"no", "please", "that's", "well", "yes"});
}

TEST_CASE("language: a given grammar is taken as it is, its unknown words are named") {
  Texts unknown;
  const std::string g = "#JSGF V1.0; grammar g; public <g> = one | xyz;";
  const auto l = language({{"choice"}, {"never mind"}, g}, unknown);
  CHECK(l.kind == Language::Kind::grammar);
  CHECK(l.text == g);
  CHECK(l.words == Texts{"one", "xyz"});
  CHECK(unknown == Texts{"xyz"});
}

TEST_CASE("language: a grammar is composed of kinds and phrases; unknown phrases are left out") {
  Texts unknown;
  const auto l =
      language({{"yes_no", "digits:3"}, {"Speak to a Human!", "max power"}, ""}, unknown);
  CHECK(l.kind == Language::Kind::grammar);
  CHECK(contains(l.text, "<digits> = <digit> <digit> <digit>;"));
  CHECK(contains(l.text, "<phrase> = speak to a human;"));
  CHECK(contains(l.text, "<yes_no>"));
  CHECK(unknown == Texts{"max"});
  CHECK(l.word_insertion == 1e-4);
  CHECK(language({{"choice"}, {"one"}, ""}).word_insertion == 0.1);
}

TEST_CASE("language: letters are spelled against the list when there is one") {
  CHECK(contains(language({{"letters"}, {"Ann Lee"}, ""}).text, "<letters> = a n n l e e;"));
  CHECK(contains(language({{"letters"}, {}, ""}).text, "<letters> = <letter>+;"));
}

TEST_CASE("language: free text, nothing expected, and a list without a known phrase are bigrams") {
  for (const SttExpectation& e : {SttExpectation{{"text"}, {"my car is broken"}, ""},
                                  SttExpectation{}, SttExpectation{{"choice"}, {"xx"}, ""}}) {
    const auto l = language(e);
    CHECK(l.kind == Language::Kind::bigram);
    CHECK(l.words.size() > 100);
  }
}

TEST_CASE("language: the bigram model's probabilities sum to one, seen or not") {
  const auto l = language({{"text"}, {"my car is broken", "my bill is wrong"}, ""});
  std::map<std::string, double> unigram, backoff;
  std::map<std::string, std::map<std::string, double>> bigram;
  std::istringstream in(l.text);
  int order = 0;
  for (std::string line; std::getline(in, line);) {
    if (line == "\\1-grams:") order = 1;
    if (line == "\\2-grams:") order = 2;
    std::istringstream fields(line);
    double p = 0, b = 0;
    std::string w1, w2;
    if (order == 1 && fields >> p >> w1 >> b) {
      unigram[w1] = w1 == "<s>" ? 0 : std::pow(10, p);
      backoff[w1] = std::pow(10, b);
    } else if (order == 2 && fields >> p >> w1 >> w2) {
      bigram[w1][w2] = std::pow(10, p);
    }
  }
  double all = 0;
  for (const auto& [w, p] : unigram) all += p;
  CHECK(all == doctest::Approx(1).epsilon(0.01));
  for (const std::string first : {"<s>", "my", "is", "car"}) {
    CAPTURE(first);
    double sum = 0;
    for (const auto& [w, p] : unigram)
      sum += bigram[first].contains(w) ? bigram[first][w] : backoff[first] * p;
    CHECK(sum == doctest::Approx(1).epsilon(0.01));
  }
  CHECK(bigram["my"]["car"] > 0.1);
}
