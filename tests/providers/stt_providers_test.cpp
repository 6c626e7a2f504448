// What every speech-to-text provider promises, tried on all of them; and what pocketsphinx
// promises.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/base/sim_loop.hpp"
#include "plugins/providers/stt.hpp"
#include "tests/stt/utterances.hpp"

using namespace parley;
using namespace parley::test;

namespace {

// A session on a loop of its own, called as the bridge calls it.
struct Line {
  explicit Line(const SttProvider& p, const SttExpectation& e = {},
                const std::string& script = "ok|ok|ok|ok")
      : gate(*loop) {
    session = p.open(loop, {.rate = 8000, .script = script, .delay = {}},
                     [this](SttResult r) { said.push_back(std::move(r)); });
    session->expect(e);
  }
  std::vector<SttResult> hear(const Sound& sound) {
    said.clear();
    for (std::size_t i = 0; i < sound.size(); i += 640)
      session->audio(std::span(sound).subspan(i, std::min<std::size_t>(640, sound.size() - i)));
    session->end_of_speech();
    loop->pump_to(loop->now() + 1s);
    return said;
  }
  std::string text_of(const Sound& sound) {
    const auto all = hear(sound);
    const auto* f = all.empty() ? nullptr : std::get_if<SttFinal>(&all.back());
    return !f ? "(none)" : f->rejected ? "(rejected)" : f->text;
  }

  std::shared_ptr<SimLoop> loop = SimLoop::make();
  Gate gate;
  std::vector<SttResult> said;
  std::unique_ptr<SttSession> session;
};

std::size_t ends(const std::vector<SttResult>& said) {
  return std::size_t(std::count_if(said.begin(), said.end(), [](const SttResult& r) {
    return std::holds_alternative<SttFinal>(r) || std::holds_alternative<Failure>(r);
  }));
}

const SttExpectation yes_or_no{{"yes_no"}, {}, ""};
const SttExpectation a_name{
    {"choice"}, {"Alice Johnson", "Robert Miller", "Patricia Gonzalez", "Michael Thompson"}, ""};

Sound noise(std::size_t samples, int level) {
  Sound all(samples);
  std::uint32_t state = 5;
  for (auto& s : all) {
    state = state * 1664525 + 1013904223;
    s = std::int16_t(int(state >> 16) % (2 * level + 1) - level);
  }
  return all;
}

}  // namespace

TEST_CASE("stt providers: whatever comes in, an end of speech is answered exactly once, and last") {
  const std::vector<Sound> sounds = {say("rms", "yes"), Sound(8000, 0), noise(8000, 20000),
                                     Sound(),           Sound(1, 5),    noise(400, 30),
                                     Sound(),           Sound(100, 0),  say("rms", "no")};
  for (const auto* provider : stt_providers())
    for (const auto& expectation :
         {yes_or_no, SttExpectation{{"text"}, {"my bill is wrong"}, ""}}) {
      CAPTURE(std::string(provider->name));
      CAPTURE(expectation.kinds.front());
      Line line(*provider, expectation);
      for (const auto& sound : sounds) {
        CAPTURE(sound.size());
        const auto said = line.hear(sound);
        CHECK(ends(said) == 1);
        CHECK(std::holds_alternative<SttFinal>(said.back()));
      }
    }
}

TEST_CASE("stt providers: what is abandoned is not answered, what follows is") {
  for (const auto* provider : stt_providers()) {
    CAPTURE(std::string(provider->name));
    Line line(*provider, yes_or_no);
    line.session->audio(say("rms", "no"));
    line.session->abandon();
    line.said.clear();
    line.loop->pump_to(line.loop->now() + 1s);
    CHECK(ends(line.said) == 0);
    CHECK(ends(line.hear(say("rms", "yes"))) == 1);
  }
}

TEST_CASE("stt providers: destroying a session in the middle of an utterance cancels it") {
  for (const auto* provider : stt_providers()) {
    CAPTURE(std::string(provider->name));
    Line line(*provider, yes_or_no);
    line.session->audio(say("rms", "yes"));
    const auto before = ends(line.said);
    line.session->end_of_speech();
    const auto told = ends(line.said);
    line.session.reset();
    line.loop->pump_to(1s);
    CHECK(before == 0);
    CHECK(ends(line.said) == told);
  }
}

TEST_CASE("stt providers: nobody has an unknown name") {
  CHECK(find_stt("pocketsphinx"));
  CHECK(find_stt("scripted"));
  CHECK_FALSE(find_stt("nobody"));
}

TEST_CASE("pocketsphinx: hears what is expected, with partials on the way") {
  Line line(*find_stt("pocketsphinx"), a_name);
  const auto said = line.hear(say("rms", "my name is Patricia Gonzalez"));
  REQUIRE(std::holds_alternative<SttFinal>(said.back()));
  const auto& final = std::get<SttFinal>(said.back());
  CHECK(final.text == "my name is patricia gonzalez");
  CHECK_FALSE(final.rejected);
  CHECK(final.confidence > 0.5);
  CHECK(said.size() > 2);
  CHECK(std::holds_alternative<SttPartial>(said.front()));
  line.session->expect(yes_or_no);
  CHECK(line.text_of(say("slt", "no thank you")) == "no thank you");
}

TEST_CASE("pocketsphinx: speech that answers nothing and silence are rejected") {
  Line line(*find_stt("pocketsphinx"), a_name);
  CHECK(line.text_of(say("rms", "The weather will be sunny all over the country")) == "(rejected)");
  CHECK(line.text_of(Sound(16000, 0)) == "(rejected)");
}

TEST_CASE("pocketsphinx: free words are heard in wordings that no example has") {
  const SttExpectation reason{
      {"text"},
      {"my delivery has not arrived yet", "i have a question about my invoice",
       "the invoice is wrong", "i would like to make an appointment",
       "my washing machine is broken"},
      ""};
  Line line(*find_stt("pocketsphinx"), reason);
  CHECK(line.text_of(say("rms", "I have a question about an appointment")).find("appointment") !=
        std::string::npos);
}

TEST_CASE("pocketsphinx: the same audio gives the same text and confidence in any order of calls") {
  const std::vector<Sound> sounds = {say("rms", "my name is Alice Johnson"),
                                     say("slt", "Robert Miller"),
                                     say("rms", "I had pasta and a salad"), noise(9000, 3000)};
  const auto one = [](Line& line, const Sound& s) {
    const auto said = line.hear(s);
    std::string all;
    for (const auto& r : said) {
      if (const auto* p = std::get_if<SttPartial>(&r)) all += p->text + "|";
      if (const auto* f = std::get_if<SttFinal>(&r)) all += f->text + std::to_string(f->confidence);
    }
    return all;
  };
  std::vector<std::string> first;
  {
    Line line(*find_stt("pocketsphinx"), a_name);
    for (const auto& s : sounds) first.push_back(one(line, s));
  }
  Line again(*find_stt("pocketsphinx"), a_name), other(*find_stt("pocketsphinx"), a_name);
  for (std::size_t i = sounds.size(); i-- > 0;) {
    CHECK(one(again, sounds[i]) == first[i]);
    CHECK(one(other, sounds[(i + 2) % sounds.size()]) == first[(i + 2) % sounds.size()]);
  }
}

TEST_CASE(
    "pocketsphinx: a long piece of audio after a short utterance is taken (the library aborts)") {
  Line line(*find_stt("pocketsphinx"), yes_or_no);
  CHECK(line.text_of(say("rms", "no")) != "(none)");
  line.session->audio(noise(40'000, 3000));
  line.session->audio(Sound(40'000, 0));
  line.said.clear();
  line.session->end_of_speech();
  CHECK(ends(line.said) == 1);
}

TEST_CASE("pocketsphinx: a word without a pronunciation is named, and the rest is heard") {
  const auto& p = *find_stt("pocketsphinx");
  REQUIRE(bool(p.unknown_words));
  CHECK(p.unknown_words(std::vector<std::string>{"Alice Xyzzyq", "Robert", "flurbington"}) ==
        std::vector<std::string>{"xyzzyq", "flurbington"});
  for (const SttExpectation& e :
       {SttExpectation{{"choice"}, {"Alice Xyzzyq", "Robert Miller", "Patricia Gonzalez"}, ""},
        SttExpectation{
            {"choice"}, {}, "#JSGF V1.0; grammar g; public <g> = robert miller | xyzzyq;"}}) {
    Line line(p, e);
    const auto said = line.hear(say("rms", "Robert Miller"));
    const auto warnings = std::count_if(said.begin(), said.end(), [](const SttResult& r) {
      const auto* w = std::get_if<SttWarning>(&r);
      return w && w->what.find("xyzzyq") != std::string::npos;
    });
    CHECK(warnings == 1);
    CHECK(std::get<SttFinal>(said.back()).text == "robert miller");
    CHECK(line.text_of(say("rms", "Robert Miller")) == "robert miller");
  }
}

TEST_CASE("pocketsphinx: a grammar that is none is a failure in words") {
  Line line(*find_stt("pocketsphinx"), {{}, {}, "public <g> = (("});
  const auto said = line.hear(say("rms", "yes"));
  REQUIRE(ends(said) == 1);
  CHECK(std::holds_alternative<Failure>(said.back()));
}
