// How well pocketsphinx hears: rates by voice and step, printed, and floors below them.
//
// The threshold of rejection was chosen on other sentences (and on the names of
// pipelines/agents/reception.toml); nothing here was tuned on. The voices are synthetic, as is
// everything findings rest on: spontaneous callers will be understood less often.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cctype>
#include <map>

#include "engine/base/sim_loop.hpp"
#include "tests/stt/utterances.hpp"

using namespace parley;
using namespace parley::test;

namespace {

using Texts = std::vector<std::string>;

const Texts voices = {"rms", "slt", "espeak:en-us", "espeak:en-us+f3"};
const Texts names = {"Andrew Collins", "Susan Peterson",   "Joseph Ramirez",  "Nancy Stewart",
                     "Charles Morgan", "Helen Fitzgerald", "Steven Hamilton", "Laura Henderson",
                     "Edward Simmons", "Sandra Patterson", "Brian Wallace",   "Carol Jenkins",
                     "Ronald Griffin", "Michelle Russell", "Kevin Alexander", "Emily Butler",
                     "Jason Coleman",  "Diane Hayes",      "Raymond Powell",  "Julia Sanders"};
const Texts commands = {"speak to a human", "talk to a person", "operator",
                        "representative",   "stop calling me",  "say that again"};
// Forty that answer nothing.
const Texts foreign = {"The museum is closed on Mondays and Tuesdays",
                       "My brother plays the trumpet in a band",
                       "There were three ducks on the pond this morning",
                       "We drove along the coast for six hours",
                       "The soup needs a little more salt",
                       "They painted the fence green last summer",
                       "I usually go to bed before eleven",
                       "The cat is sleeping under the table",
                       "Bring an umbrella because it might rain",
                       "The movie was longer than I expected",
                       "Her garden is full of roses and tulips",
                       "The bridge was built a hundred years ago",
                       "He forgot his glasses in the library",
                       "The children are playing football outside",
                       "Could you pass me the butter",
                       "The mountains are covered with snow",
                       "She bought a bicycle for her birthday",
                       "The plane landed twenty minutes late",
                       "You should water the plants twice a week",
                       "Our neighbors have a very loud dog",
                       "The bakery around the corner sells good bread",
                       "It takes two days to cross the desert",
                       "The president gave a speech about education",
                       "We had to change a flat tire in the dark",
                       "The river runs through the middle of the town",
                       "Add the flour and stir it slowly",
                       "The shop assistant wrapped the present in blue paper",
                       "Nobody knows where the treasure is buried",
                       "The concert starts at half past seven",
                       "Let us meet in front of the station",
                       "He reads the newspaper every morning",
                       "The lake was frozen for several weeks",
                       "I would rather take the bus than walk",
                       "Their house has a red door and small windows",
                       "The kids built a castle out of sand",
                       "There is a spider in the bathroom",
                       "My favorite color is dark purple",
                       "The coffee machine makes a funny sound",
                       "We listened to the radio all evening",
                       "The farmer sold his horses at the market"};

struct Judge {
  explicit Judge(SttExpectation e) : gate(*loop) {
    session = find_stt("pocketsphinx")->open(loop, {}, [this](SttResult r) {
      if (auto* f = std::get_if<SttFinal>(&r)) last = *f;
    });
    session->expect(e);
  }
  SttFinal hear(const std::string& voice, const std::string& text) {
    last = {};
    session->audio(say(voice, text));
    session->end_of_speech();
    return last;
  }

  std::shared_ptr<SimLoop> loop = SimLoop::make();
  Gate gate;
  std::unique_ptr<SttSession> session;
  SttFinal last;
};

struct Rate {
  int right = 0, wrong = 0, rejected = 0;
  int all() const { return right + wrong + rejected; }
  double share() const { return all() ? double(right) / all() : 1; }
  void add(const SttFinal& f, bool good) { ++(f.rejected ? rejected : good ? right : wrong); }
  std::string text() const {
    return fmt::format("{:3.0f} % right, {} wrong, {} rejected of {}", 100 * share(), wrong,
                       rejected, all());
  }
};

std::string lower(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return std::tolower(c); });
  return s;
}

SttExpectation closed(std::string kind, Texts phrases) {
  phrases.insert(phrases.end(), commands.begin(), commands.end());
  return {{std::move(kind), "command"}, std::move(phrases), ""};
}

bool flite(const std::string& voice) { return !voice.starts_with("espeak"); }

}  // namespace

TEST_CASE("recognition: names of a list of 20 and commands") {
  Judge judge(closed("choice", names));
  const Texts wordings = {"{}", "my name is {}", "this is {}", "{} speaking"};
  for (const auto& voice : voices) {
    Rate rate, command;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto text = fmt::format(fmt::runtime(wordings[i % wordings.size()]), names[i]);
      const auto heard = judge.hear(voice, text);
      rate.add(heard, heard.text.find(lower(names[i])) != std::string::npos);
    }
    for (const auto& c : commands) {
      const auto heard = judge.hear(voice, "I want to " + c);
      command.add(heard, heard.text.find(c) != std::string::npos);
    }
    MESSAGE(voice, ": names ", rate.text(), "; commands ", command.text());
    CHECK(rate.share() >= (flite(voice) ? 0.95 : 0.6));
    CHECK(rate.wrong <= (flite(voice) ? 0 : 2));
  }
}

TEST_CASE("recognition: yes and no") {
  Judge judge(closed("yes_no", {}));
  const Texts yes = {"yes", "yeah", "yes it is", "that's right", "yes that's correct"};
  const Texts no = {"no", "no it isn't", "no that's wrong", "no thank you", "that's not right"};
  for (const auto& voice : voices) {
    Rate rate;
    const auto try_all = [&](const Texts& texts, bool positive) {
      for (const auto& t : texts) {
        const auto heard = judge.hear(voice, t);
        const bool negative = heard.text.find("no") == 0 ||
                              heard.text.find(" no ") != heard.text.npos ||
                              heard.text.find("not") != heard.text.npos ||
                              heard.text.find("wrong") != heard.text.npos;
        rate.add(heard, positive != negative);
      }
    };
    try_all(yes, true);
    try_all(no, false);
    MESSAGE(voice, ": yes and no ", rate.text());
    CHECK(rate.share() >= (flite(voice) ? 0.9 : 0.7));
  }
}

TEST_CASE("recognition: speech that answers nothing is rejected") {
  Rate all;
  for (const auto& [step, expectation] : std::map<std::string, SttExpectation>{
           {"names", closed("choice", names)}, {"yes/no", closed("yes_no", {})}}) {
    Judge judge(expectation);
    Rate rate;
    for (std::size_t i = 0; i < foreign.size(); ++i) {
      const auto heard = judge.hear(voices[i % voices.size()], foreign[i]);
      rate.add(heard, false);
      all.add(heard, false);
    }
    MESSAGE(step, ": ", rate.rejected, " of ", rate.all(), " rejected");
  }
  CHECK(all.rejected >= 0.9 * all.all());
}

TEST_CASE("recognition: reasons in free words, by their content words") {
  const Texts examples = {"my delivery has not arrived yet",
                          "i have a question about my invoice",
                          "the invoice is wrong",
                          "i would like to make an appointment",
                          "i need to cancel my appointment",
                          "my washing machine is broken",
                          "i want to change the delivery address",
                          "i was charged twice this month",
                          "can i move my appointment to tuesday",
                          "the heating does not work",
                          "i want to speak about a repair",
                          "i would like to pay my bill"};
  Judge judge({{"text"}, examples, ""});
  const std::vector<std::pair<std::string, Texts>> reasons = {
      {"I think my invoice is wrong", {"invoice", "wrong"}},
      {"the delivery is broken", {"delivery", "broken"}},
      {"I need to move the appointment", {"move", "appointment"}},
      {"I have a question about the heating", {"question", "heating"}},
      {"I want to pay my invoice", {"pay", "invoice"}}};
  for (const auto& voice : voices) {
    int heard_words = 0, words = 0;
    for (const auto& [text, content] : reasons) {
      const auto heard = judge.hear(voice, text);
      for (const auto& w : content) {
        ++words;
        heard_words += heard.text.find(w) != std::string::npos;
      }
    }
    MESSAGE(voice, ": ", heard_words, " of ", words, " content words");
    CHECK(heard_words >= words * (flite(voice) ? 0.7 : 0.4));
  }
}
