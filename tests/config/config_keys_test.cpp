#include "engine/config_keys.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>

using namespace parley;

namespace {

std::string source_file(const std::string& name) {
  std::ifstream file(std::string(PARLEY_SOURCE) + "/" + name);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

const ConfigKey& key(std::string_view section, std::string_view name) {
  for (const auto& k : config_keys())
    if (k.section == section && k.name == name) return k;
  FAIL("no key");
  throw std::logic_error("no key");
}

bool takes(std::string_view section, std::string_view name, const ConfigValue& value) {
  Config config;
  return !key(section, name).set(config, value);
}

}  // namespace

TEST_CASE("config keys: schema/config.json is what the table says") {
  CHECK(source_file("schema/config.json") == config_schema().dump(2) + "\n");
}

TEST_CASE("config keys: the page about the keys holds the table") {
  CHECK(source_file("schema/config.md").find(config_table()) != std::string::npos);
}

TEST_CASE("config keys: every default is a value the key takes, every name is there once") {
  std::set<std::string> names;
  for (const auto& k : config_keys()) {
    Config config;
    CHECK_FALSE(k.set(config, k.get(Config{})));
    CHECK(config == Config{});
    CHECK(names.insert(k.environment_name()).second);
    CHECK(config_schema()["properties"][std::string(k.section)]["properties"].contains(
        std::string(k.name)));
  }
}

TEST_CASE("config keys: forms take what they say and nothing else") {
  struct {
    std::string_view section, name;
    std::vector<std::string> good, bad;
  } const table[] = {
      {"sip",
       "listen",
       {"127.0.0.1:5060", "0.0.0.0:0", "[::1]:5060", "sip.example.org:65535"},
       {"", "5060", ":5060", "127.0.0.1", "127.0.0.1:65536", "a b:1", "::1:5060",
        "127.0.0.1:5060\n"}},
      {"media",
       "ports",
       {"20000-29999", "1024-65535", "4000-4003"},
       {"", "20000", "29999-20000", "80-90", "4000-4001", "60000-70000", "a-b", "1-2-3"}},
      {"media", "address", {"", "10.0.0.1", "::1"}, {"localhost", "10.0.0", "1.2.3.4.5"}},
      {"store",
       "url",
       {"sqlite:x.db", "sqlite:/var/lib/p.db"},
       {"", "sqlite:", "postgresql://x", "x.db"}},
      {"llm",
       "url",
       {"", "http://127.0.0.1:1/v1", "https://api.example.org/v1"},
       {"api.example.org", "ftp://x"}},
      {"llm", "key_env", {"", "OPENAI_API_KEY"}, {"sk-proj-123", "$KEY", "key"}},
      {"agents", "default", {"reception", "night-shift_2"}, {"", "a b", "../x", "a.toml"}},
      {"log", "level", {"debug", "off"}, {"", "INFO", "trace"}},
      {"log", "format", {"text", "json"}, {"yaml"}}};
  for (const auto& row : table) {
    for (const auto& value : row.good) CHECK_MESSAGE(takes(row.section, row.name, value), value);
    for (const auto& value : row.bad)
      CHECK_FALSE_MESSAGE(takes(row.section, row.name, value), value);
  }
  CHECK(takes("control", "origins", Texts{"https://a.example:8443", "http://b"}));
  CHECK_FALSE(takes("control", "origins", Texts{"https://a", "b"}));
  CHECK_FALSE(takes("sip", "max_calls", std::int64_t{0}));
  CHECK_FALSE(takes("sip", "max_calls", std::string("5")));
}

TEST_CASE("config keys: what may be a secret is not repeated") {
  Config config;
  const auto wrong = key("llm", "key_env").set(config, std::string("sk-proj-123"));
  REQUIRE(wrong);
  CHECK(wrong->find("sk-proj") == std::string::npos);
}
