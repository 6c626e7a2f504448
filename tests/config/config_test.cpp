#include "engine/config.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/support/temporary_folder.hpp"

using namespace parley;
namespace fs = std::filesystem;

namespace {

struct File {
  test::TemporaryFolder folder;
  fs::path path = folder / "parley.toml";

  explicit File(const std::string& text) { std::ofstream(path) << text; }

  Result<Config> load(const Environment& environment = {}) const {
    return load_config(path, environment);
  }
  // The error without the file's path, which differs from run to run.
  std::string mistakes(const Environment& environment = {}) const {
    const auto config = load(environment);
    if (config) return "";
    auto text = config.error();
    for (auto at = text.find(path.string()); at != std::string::npos; at = text.find(path.string()))
      text.replace(at, path.string().size(), "F");
    return text;
  }
};

Config unresolved(Config config) {
  const auto strip = [](std::string& text, const std::string& scheme) {
    const auto here = fs::current_path().string() + "/";
    REQUIRE(text.find(scheme + here) == 0);
    text.erase(scheme.size(), here.size());
  };
  strip(config.store.url, "sqlite:");
  strip(config.agents.path, "");
  strip(config.media.pipeline, "");
  return config;
}

}  // namespace

TEST_CASE(
    "config: without a file every key has its default, and paths are from the current folder") {
  const auto config = load_config({}, {});
  REQUIRE(config);
  CHECK(unresolved(*config) == Config{});
  CHECK(config->media.first_port() == 20000);
  CHECK(config->media.last_port() == 29999);
}

TEST_CASE("config: the example says every key, with its default") {
  const File example([] {
    std::ifstream file(std::string(PARLEY_SOURCE) + "/schema/parley.toml");
    return std::string{std::istreambuf_iterator<char>(file), {}};
  }());
  auto config = example.load();
  if (!config) FAIL(config.error());
  CHECK(config->agents.path == example.folder / "pipelines/agents");
  CHECK(config->media.pipeline == example.folder / "pipelines/call.launch");
  config->agents.path = Config{}.agents.path;
  config->media.pipeline = Config{}.media.pipeline;
  config->store.url = Config{}.store.url;
  CHECK(*config == Config{});
}

TEST_CASE("config: a file's values are taken, and its paths are from its folder") {
  const File file(R"([sip]
listen = "0.0.0.0:0"
dial_hosts = ["127.0.0.1", "sip.example.org"]
max_calls = 7
[control]
insecure = true
listen = "0.0.0.0:80"
[store]
url = "sqlite:data/../calls.db"
[agents]
path = "/srv/agents"
)");
  const auto config = file.load();
  if (!config) FAIL(config.error());
  CHECK(config->sip.listen == "0.0.0.0:0");
  CHECK(config->sip.dial_hosts == std::vector<std::string>{"127.0.0.1", "sip.example.org"});
  CHECK(config->sip.max_calls == 7);
  CHECK(config->control.insecure);
  CHECK(config->store.url == "sqlite:" + file.folder / "calls.db");
  CHECK(config->agents.path == "/srv/agents");
}

TEST_CASE("config: every mistake is told at once, each with its line and what was meant") {
  const File file(R"([sip]
lisen = "127.0.0.1:5060"
max_calls = "ten"
timeout = 3

[media]
timeout = 0
ports = "9-1"
[contrl]
listen = "127.0.0.1:8000"
[log]
level = "loud"
[llm]
key_env = 3.5
)");
  CHECK(
      file.mistakes() ==
      "F:2: [sip] lisen: no such key; did you mean listen?\n"
      "F:3: [sip] max_calls: must be a whole number\n"
      "F:4: [sip] timeout: no such key; there is one in [media]\n"
      "F:7: [media] timeout: must be a whole number from 1 to 3600, not 0\n"
      "F:8: [media] ports: must be FIRST-LAST, like 20000-29999, from 1024 to 65535 and 4 ports or "
      "more, not \"9-1\"\n"
      "F:9: [contrl]: no such section; did you mean [control]?\n"
      "F:12: [log] level: must be debug, info, warn, error or off, not \"loud\"\n"
      "F:14: [llm] key_env: must be a text in quotes");
}

TEST_CASE("config: what is no TOML is told with its line") {
  CHECK(File("[sip]\nlisten = \n").mistakes().find("F:2: ") == 0);
  CHECK(File("[sip]\nmax_calls = 1\nmax_calls = 2\n").mistakes().find("F:3: ") == 0);
}

TEST_CASE("config: a section that is a value, and a key outside of sections") {
  CHECK(File("sip = 3\n").mistakes() == "F:1: sip: is a section: write [sip]");
  CHECK(File("listen = \"x\"\n").mistakes() == "F:1: [listen]: no such section");
}

TEST_CASE("config: a file that is not there") {
  CHECK(load_config("/nowhere/parley.toml", {}).error() ==
        "/nowhere/parley.toml: there is no such file");
}

TEST_CASE("config: the environment wins over the file, for keys of every type") {
  const File file("[sip]\nlisten = \"127.0.0.1:1\"\nmax_calls = 1\n");
  const auto config = file.load({{"PARLEY_SIP_LISTEN", "127.0.0.1:2"},
                                 {"PARLEY_SIP_MAX_CALLS", "2"},
                                 {"PARLEY_SIP_DIAL_HOSTS", "a,b"},
                                 {"PARLEY_CONTROL_ORIGINS", ""},
                                 {"PARLEY_CONTROL_INSECURE", "true"},
                                 {"PARLEY_AGENTS_DEFAULT", "night"},
                                 {"PARLEY_TIME", "virtual"},
                                 {"HOME", "/root"}});
  if (!config) FAIL(config.error());
  CHECK(config->sip.listen == "127.0.0.1:2");
  CHECK(config->sip.max_calls == 2);
  CHECK(config->sip.dial_hosts == std::vector<std::string>{"a", "b"});
  CHECK(config->control.origins.empty());
  CHECK(config->control.insecure);
  CHECK(config->agents.default_agent == "night");
}

TEST_CASE("config: mistakes of the environment are told beside the file's") {
  CHECK(File("[log]\nlevel = 1\n")
            .mistakes({{"PARLEY_SIP_LISEN", "x"},
                       {"PARLEY_MEDIA_LOOPS", "two"},
                       {"PARLEY_CONTROL_INSECURE", "yes"}}) ==
        "F:2: [log] level: must be a text in quotes\n"
        "PARLEY_CONTROL_INSECURE: must be true or false, not \"yes\"\n"
        "PARLEY_MEDIA_LOOPS: must be a whole number, not \"two\"\n"
        "PARLEY_SIP_LISEN: no such key; did you mean PARLEY_SIP_LISTEN?");
}

TEST_CASE("config: keys that do not go together") {
  CHECK(File("[llm]\nurl = \"http://127.0.0.1:1/v1\"\n").mistakes() ==
        "[llm] model: must be given when there is an [llm] url");
  CHECK(File("[control]\nlisten = \"0.0.0.0:8000\"\n")
            .mistakes()
            .find("[control] listen: 0.0.0.0:8000 is") == 0);
  CHECK(File("[control]\nlisten = \"0.0.0.0:8000\"\ninsecure = true\n").load());
}
