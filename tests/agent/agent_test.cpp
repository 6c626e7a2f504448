#include "plugins/agent/agent.hpp"

#include <doctest/doctest.h>
#include <toml++/toml.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "plugins/agent/grammar.hpp"
#include "plugins/agent/slots.hpp"

using namespace parley;

namespace {

const std::string root = PARLEY_ROOT;

std::string errors(const std::string& toml) {
  const auto agent = parse_agent(toml, "x.toml");
  return agent ? "" : agent.error();
}

bool fits_schema(const std::string& text) {
  std::ostringstream json;
  json << toml::json_formatter(toml::parse(text));
  const auto document = nlohmann::json::parse(json.str());
  std::ifstream file(root + "/schema/agent.json");
  const auto schema_json = nlohmann::json::parse(file);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  const valijson::adapters::NlohmannJsonAdapter schema_adapter(schema_json), target(document);
  parser.populateSchema(schema_adapter, schema);
  return valijson::Validator().validate(schema, target, nullptr);
}

std::string file(const std::string& path) {
  std::ifstream in(root + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("agent: the reception is right, knows twenty names and fits the schema") {
  const auto agent = load_agent(root + "/pipelines/agents/reception.toml");
  REQUIRE_MESSAGE(agent, (agent ? "" : agent.error()));
  CHECK(agent->find("name")->ask.choices.size() >= 20);
  CHECK(agent->find("number")->ask.lengths == std::vector<unsigned>{7, 10});
  CHECK(fits_schema(file("pipelines/agents/reception.toml")));
}

TEST_CASE("agent: every word of the reception's grammars is in the recogniser's dictionary") {
  std::ifstream dict("/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict");
  if (!dict) return;  // the Debian package is not there
  std::set<std::string> known;
  for (std::string line; std::getline(dict, line);)
    known.insert(line.substr(0, line.find_first_of(" \t")));
  const auto agent = load_agent(root + "/pipelines/agents/reception.toml");
  REQUIRE(agent);
  std::set<std::string> missing;
  for (const auto& s : agent->steps) {
    if (s.kind != Step::Kind::ask) continue;
    std::string all = join(s.ask.examples, " ");
    for (const auto a : {Asking::value, Asking::confirmation, Asking::spelling}) {
      auto g = grammar_of(s.ask, a, agent->commands);
      if (g.empty()) continue;
      g.erase(0, g.find("public"));
      std::string words;
      bool rule = false;
      for (const char c : g) {
        rule = c == '<' || (rule && c != '>');
        words +=
            rule || c == '>' || std::string("|=;[]()*+\n").find(c) != std::string::npos ? ' ' : c;
      }
      all += " " + words;
    }
    for (const auto& w : words_of(all))
      if (w != "public" && !known.contains(w)) missing.insert(w);
  }
  CHECK_MESSAGE(missing.empty(), join({missing.begin(), missing.end()}, " "));
}

TEST_CASE("agent: every mistake is reported, with its line and what was probably meant") {
  const auto text = errors(
      "name = \"x\"\n"
      "gretting = \"hello\"\n"
      "[turn]\n"
      "idle_s = 0\n"
      "barge_in = 3\n"
      "[[step]]\n"
      "id = \"a\"\n"
      "ask = \"Who, {nam}?\"\n"
      "slot = \"name\"\n"
      "type = \"choise\"\n"
      "next = \"bb\"\n"
      "[[step]]\n"
      "id = \"b\"\n"
      "end = [1]\n"
      "slot = \"q\"\n");
  for (const auto* line :
       {"x.toml:2: unknown key 'gretting'; did you mean 'greeting'?",
        "x.toml:4: 'idle_s' must be a whole number from 1 to 120",
        "x.toml:5: unknown key 'barge_in' in [turn]; did you mean 'barge_in_ms'?",
        "x.toml:6: no step fills '{nam}'; did you mean '{name}'?",
        "x.toml:10: 'choise' is no 'type'; did you mean 'choice'?",
        "x.toml:6: there is no step 'bb'", "x.toml:14: 'end' must hold texts in quotes only",
        "x.toml:15: unknown key 'slot' in a step"})
    CHECK_MESSAGE(text.find(line) != std::string::npos, line, "\nin\n", text);
}

TEST_CASE("agent: what cannot be an agent says why") {
  const auto says = [](const char* toml, const char* what) {
    const auto text = errors(toml);
    CHECK_MESSAGE(text.find(what) != std::string::npos, what, " in ", text);
  };
  says("name = ", "x.toml:1: ");
  says("name = \"x\"", "an agent needs a [[step]], or [llm]");
  says("[llm]", "an agent needs a 'name'");
  says("name='x'\n[llm]\ntools=['fly']", "x.toml:3: 'fly' is no tool of the model");
  says("name='x'\n[[step]]\nid='a'\nsay='hi'\nend='bye'", "this one has several");
  says("name='x'\n[[step]]\nid='a'\nsay='hi'", "x.toml:2: the last step leads nowhere");
  says("name='x'\n[[step]]\nid='a'\nend='hi'\n[[step]]\nid='a'\nend='x'",
       "there is another step 'a'");
  says("name='x'\n[[step]]\nid='a'\nask='?'\n[[step]]\nid='b'\nend='x'", "needs a 'slot' to fill");
  says("name='x'\n[[step]]\nid='a'\nask='?'\nslot='s'\ntype='choice'\n[[step]]\nid='b'\nend='x'",
       "a choice needs 'choices'");
  says("name='x'\nstep = 3", "'step' must be written as [[step]]");
  says("name='x'\n[[command]]\nname='c'\nphrases='help'\nthen='nowhere'\n[[step]]\nid='b'\nend='x'",
       "x.toml:2: there is no step 'nowhere'");
  CHECK(load_agent("/nowhere/x.toml").error().find("/nowhere/x.toml: cannot be read") == 0);
}

TEST_CASE("agent: loader and schema refuse the same keys") {
  const std::string good = "name = 'x'\n[[step]]\nid = 'a'\nend = 'bye'\n";
  CHECK(errors(good).empty());
  CHECK(fits_schema(good));
  for (const auto& [bad, why] : {std::pair{"gretting = 'x'\n" + good, "key"},
                                 {good + "then = 'a'\n", "step key"},
                                 {"turn = {idle_s = 0}\n" + good, "number"},
                                 {"turn = {idle = 5}\n" + good, "turn key"}}) {
    CHECK_MESSAGE(!errors(bad).empty(), why);
    CHECK_MESSAGE(!fits_schema(bad), why);
  }
}

TEST_CASE("agent: sounds are found from its folder, and a step that plays one has its sentence") {
  const auto agent = parse_agent(
      "name='x'\n[ambient]\nfile='office.wav'\ngain_db=-36\n[hold]\nfile='music.ogg'\n"
      "[[step]]\nid='a'\nplay='hello.wav'\ntext='Welcome to Miller.'\n[[step]]\nid='b'\nend='Bye.'",
      "x.toml");
  REQUIRE_MESSAGE(agent, agent.error());
  CHECK(agent->ambient == "office.wav");
  CHECK(agent->ambient_gain_db == -36);
  CHECK(agent->hold == "music.ogg");
  CHECK(agent->clips == std::map<std::string, std::string>{{"Welcome to Miller.", "hello.wav"}});
  CHECK(agent->steps[0].words == std::vector<std::string>{"\nWelcome to Miller.\n"});

  const auto says = [](const std::string& toml, const char* what) {
    const auto wrong = parse_agent(toml, "x.toml");
    REQUIRE_FALSE(wrong);
    CHECK_MESSAGE(wrong.error().find(what) != std::string::npos, wrong.error());
  };
  const std::string head = "name='x'\n[[step]]\nid='a'\nplay='a.wav'\n";
  says(head, "a sound file needs a 'text'");
  says(head + "text='Hello. Goodbye.'", "one sentence");
  says(head + "text='Hello {name}.'", "has no holes");
  says("name='x'\n[ambient]\ngain_db=90", "a number from -60 to 6");
}
