#include "engine/config_keys.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <regex>

namespace parley {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

int number(std::string_view text) {
  int n = -1;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

bool is_port(std::string_view text) { return number(text) >= 0 && number(text) <= 65535; }

bool ends_in_port(const std::string& text) { return is_port(text.substr(text.rfind(':') + 1)); }

bool is_range(const std::string& text) {
  const auto dash = text.find('-');
  const auto first = number(text.substr(0, dash)), last = number(text.substr(dash + 1));
  return first >= 1024 && last <= 65535 && last - first >= 3;
}

bool is_address(const std::string& text) {
  unsigned char bytes[16];
  return text.empty() || inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

constexpr ConfigForm listen{"ADDRESS:PORT, like 127.0.0.1:5060 or [::1]:5060",
                            R"((\[[0-9A-Fa-f:.]+\]|[^:\s]+):[0-9]{1,5})", ends_in_port};
constexpr ConfigForm host{"a host's name or address", R"([^\s/]+)", nullptr};
constexpr ConfigForm codec{"opus, G722, PCMU, PCMA, L16 or AMR-WB",
                           "opus|G722|PCMU|PCMA|L16|AMR-WB", nullptr};
constexpr ConfigForm origin{"an origin, like https://console.example.org", R"(https?://[^\s/]+)",
                            nullptr};
constexpr ConfigForm database{"\"sqlite:PATH\" (no other database is built yet)", "sqlite:.+",
                              nullptr};
constexpr ConfigForm address{"an IP address, or empty", R"([0-9A-Fa-f:.]*)", is_address};
constexpr ConfigForm ports{"FIRST-LAST, like 20000-29999, from 1024 to 65535 and 4 ports or more",
                           R"([0-9]{1,5}-[0-9]{1,5})", is_range};
constexpr ConfigForm http{"an http:// or https:// URL, or empty", R"((https?://\S+)?)", nullptr};
constexpr ConfigForm variable{
    "the name of an environment variable that holds the key (never the "
    "key itself), or empty",
    R"(([A-Z_][A-Z0-9_]*)?)", nullptr, true};
constexpr ConfigForm public_url{
    "a wss:// URL without a path, like wss://voice.example.org, or empty", R"((wss?://[^\s/]+/?)?)",
    nullptr};
constexpr ConfigForm folder{"a folder", ".+", nullptr};
constexpr ConfigForm recordings{"a folder, or empty", ".*", nullptr};
constexpr ConfigForm sound{"wav or opus", "wav|opus", nullptr};
constexpr ConfigForm file{"a file", ".+", nullptr};
constexpr ConfigForm provider{"a provider's name", "[a-z0-9_]+", nullptr};
constexpr ConfigForm agent{"an agent's name: letters, digits, - and _", R"([A-Za-z0-9_\-]+)",
                           nullptr};
constexpr ConfigForm security{"off, optional or required", "off|optional|required", nullptr};
constexpr ConfigForm level{"debug, info, warn, error or off", "debug|info|warn|error|off", nullptr};
constexpr ConfigForm format{"text or json", "text|json", nullptr};

template <class T>
using At = ConfigKey::Place<T>;
using Text = std::string;
using Integer = std::int64_t;

constexpr ConfigKey text(std::string_view section, std::string_view name, At<Text> place,
                         const ConfigForm* form, std::string_view description) {
  return {section, name, place, form, 0, 0, description};
}
constexpr ConfigKey list(std::string_view section, std::string_view name, At<Texts> place,
                         const ConfigForm* form, std::string_view description) {
  return {section, name, place, form, 0, 0, description};
}
constexpr ConfigKey integer(std::string_view section, std::string_view name, At<Integer> place,
                            Integer least, Integer most, std::string_view description) {
  return {section, name, place, nullptr, least, most, description};
}
constexpr ConfigKey yes_no(std::string_view section, std::string_view name, At<bool> place,
                           std::string_view description) {
  return {section, name, place, nullptr, 0, 0, description};
}

using C = Config;
constexpr ConfigKey keys[] = {
    text(
        "sip", "listen", [](C& c) -> Text& { return c.sip.listen; }, &listen,
        "Address and UDP port for SIP; port 0 takes a free one"),
    list(
        "sip", "dial_hosts", [](C& c) -> Texts& { return c.sip.dial_hosts; }, &host,
        "Hosts that calls may be placed to"),
    list(
        "sip", "codecs", [](C& c) -> Texts& { return c.sip.codecs; }, &codec,
        "Codecs for calls, the best first; our order decides (AMR-WB costs most CPU, then opus)"),
    text(
        "sip", "srtp", [](C& c) -> Text& { return c.sip.srtp; }, &security,
        "SRTP with keys in the SDP: off, optional (when the other side does it too) or required"),
    integer(
        "sip", "max_calls", [](C& c) -> Integer& { return c.sip.max_calls; }, 1, 100'000,
        "Calls at once; one more is refused with 503"),
    integer(
        "sip", "ring_timeout", [](C& c) -> Integer& { return c.sip.ring_timeout; }, 1, 600,
        "Seconds a placed call may ring"),
    text(
        "control", "listen", [](C& c) -> Text& { return c.control.listen; }, &listen,
        "Address and TCP port for the console and the API; port 0 takes a free one"),
    list(
        "control", "hosts", [](C& c) -> Texts& { return c.control.hosts; }, &host,
        "Further names this server may be asked for (Host)"),
    list(
        "control", "origins", [](C& c) -> Texts& { return c.control.origins; }, &origin,
        "Further origins whose pages may use the API"),
    yes_no(
        "control", "insecure", [](C& c) -> bool& { return c.control.insecure; },
        "Allows a listen address beyond loopback although nobody has to log in"),
    text(
        "store", "url", [](C& c) -> Text& { return c.store.url; }, &database,
        "The database; its folder must be there"),
    text(
        "media", "address", [](C& c) -> Text& { return c.media.address; }, &address,
        "Address for RTP; empty: that of [sip] listen"),
    text(
        "media", "ports", [](C& c) -> Text& { return c.media.ports; }, &ports, "UDP ports for RTP"),
    integer(
        "media", "loops", [](C& c) -> Integer& { return c.media.loops; }, 0, 256,
        "Media loops; 0: one a core"),
    integer(
        "media", "timeout", [](C& c) -> Integer& { return c.media.timeout; }, 1, 3600,
        "Seconds without RTP, also before the first packet, after which a call is ended"),
    yes_no(
        "media", "realtime", [](C& c) -> bool& { return c.media.realtime; },
        "Asks the system to run the media loops before everything else; what it grants is logged"),
    yes_no(
        "media", "dtx", [](C& c) -> bool& { return c.media.dtx; },
        "AMR-WB: while nothing is said, describe the silence now and then instead of sending it"),
    text(
        "media", "pipeline", [](C& c) -> Text& { return c.media.pipeline; }, &file,
        "The launch line that every call is made from"),
    text(
        "media_streams", "twilio_token_env",
        [](C& c) -> Text& { return c.media_streams.twilio_token_env; }, &variable,
        "Name of the environment variable with the Twilio account's auth token, which signs what "
        "opens /media/twilio; empty: from this machine only"),
    text(
        "media_streams", "telnyx_token_env",
        [](C& c) -> Text& { return c.media_streams.telnyx_token_env; }, &variable,
        "Name of the environment variable with the token that opens /media/telnyx; empty: from "
        "this machine only"),
    text(
        "media_streams", "public_url", [](C& c) -> Text& { return c.media_streams.public_url; },
        &public_url,
        "What Twilio opens, up to the path, like wss://voice.example.org; empty: by the Host "
        "header"),
    text(
        "speech", "stt", [](C& c) -> Text& { return c.speech.stt; }, &provider,
        "Who recognises speech"),
    text(
        "speech", "tts", [](C& c) -> Text& { return c.speech.tts; }, &provider, "Who speaks"),
    text(
        "llm", "url", [](C& c) -> Text& { return c.llm.url; }, &http,
        "An OpenAI-compatible chat endpoint, up to /v1; empty: agents follow their flow"),
    text(
        "llm", "model", [](C& c) -> Text& { return c.llm.model; }, nullptr, "The model's name"),
    text(
        "llm", "key_env", [](C& c) -> Text& { return c.llm.key_env; }, &variable,
        "Name of the environment variable that holds the key; empty: none is sent"),
    text(
        "agents", "path", [](C& c) -> Text& { return c.agents.path; }, &folder,
        "Folder of the agents' files"),
    text(
        "agents", "default", [](C& c) -> Text& { return c.agents.default_agent; }, &agent,
        "The agent that answers, whoever was called"),
    integer(
        "call", "max_duration", [](C& c) -> Integer& { return c.call.max_duration; }, 1, 86'400,
        "Seconds after which a call is ended"),
    integer(
        "call", "max_hold", [](C& c) -> Integer& { return c.call.max_hold; }, 1, 86'400,
        "Seconds after which a caller whom an operator put on hold goes back to the agent"),
    integer(
        "call", "max_lateness", [](C& c) -> Integer& { return c.call.max_lateness; }, 1, 1000,
        "Milliseconds: when the media grid is later than this a new call is refused with 503"),
    text(
        "recording", "path", [](C& c) -> Text& { return c.recording.path; }, &recordings,
        "Folder for recordings of calls; empty: calls are not recorded"),
    text(
        "recording", "format", [](C& c) -> Text& { return c.recording.format; }, &sound,
        "wav, or opus (smaller, and much more work)"),
    integer(
        "recording", "retain_days", [](C& c) -> Integer& { return c.recording.retain_days; }, 0,
        36'500, "Days after which a recording is removed; 0: never"),
    integer(
        "recording", "retain_gb", [](C& c) -> Integer& { return c.recording.retain_gb; }, 0,
        1'000'000, "Gigabytes of recordings above which the oldest are removed; 0: never"),
    text(
        "log", "level", [](C& c) -> Text& { return c.log.level; }, &level,
        "How much is logged to standard error"),
    text(
        "log", "format", [](C& c) -> Text& { return c.log.format; }, &format,
        "Lines for people or for programs"),
};

bool fits(const ConfigForm* form, const std::string& text) {
  if (!form) return true;
  return std::regex_match(text, std::regex(form->pattern.begin(), form->pattern.end())) &&
         (!form->also || form->also(text));
}

std::string must_be(const ConfigForm& form, const std::string& text) {
  return form.secret ? fmt::format("must be {}", form.says)
                     : fmt::format("must be {}, not \"{}\"", form.says, text);
}

std::optional<std::string> problem(const ConfigKey& key, const ConfigValue& value) {
  if (const auto* n = std::get_if<Integer>(&value); n && (*n < key.least || *n > key.most))
    return fmt::format("must be a whole number from {} to {}, not {}", key.least, key.most, *n);
  if (const auto* one = std::get_if<Text>(&value); one && !fits(key.form, *one))
    return must_be(*key.form, *one);
  if (const auto* all = std::get_if<Texts>(&value))
    for (const auto& one : *all)
      if (!fits(key.form, one)) return "each " + must_be(*key.form, one);
  return {};
}

bool is_loopback(const std::string& listen) {
  return listen.starts_with("127.") || listen.starts_with("[::1]:") ||
         listen.starts_with("localhost:");
}

nlohmann::ordered_json to_json(const ConfigValue& value) {
  return std::visit([](const auto& v) { return nlohmann::ordered_json(v); }, value);
}

nlohmann::ordered_json key_schema(const ConfigKey& key) {
  nlohmann::ordered_json s{{"description", key.description}};
  const auto anchored = [&] { return fmt::format("^({})$", key.form->pattern); };
  std::visit(Overloaded{[&](At<Text>) {
                          s["type"] = "string";
                          if (key.form) s["pattern"] = anchored();
                        },
                        [&](At<Integer>) {
                          s["type"] = "integer";
                          s["minimum"] = key.least;
                          s["maximum"] = key.most;
                        },
                        [&](At<bool>) { s["type"] = "boolean"; },
                        [&](At<Texts>) {
                          s["type"] = "array";
                          s["items"] = {{"type", "string"}};
                          if (key.form) s["items"]["pattern"] = anchored();
                        }},
             key.place);
  s["default"] = to_json(key.get({}));
  return s;
}

}  // namespace

std::span<const ConfigKey> config_keys() { return keys; }

std::string ConfigKey::environment_name() const {
  auto all = fmt::format("PARLEY_{}_{}", section, name);
  std::ranges::transform(all, all.begin(), [](unsigned char c) { return std::toupper(c); });
  return all;
}

ConfigValue ConfigKey::get(const Config& config) const {
  auto copy = config;
  return std::visit([&](auto at) -> ConfigValue { return at(copy); }, place);
}

std::string ConfigKey::type() const {
  return std::visit(Overloaded{[](At<Text>) { return "a text in quotes"; },
                               [](At<Integer>) { return "a whole number"; },
                               [](At<bool>) { return "true or false"; },
                               [](At<Texts>) { return "a list of texts, like [\"a\", \"b\"]"; }},
                    place);
}

std::optional<std::string> ConfigKey::set(Config& config, const ConfigValue& value) const {
  if (value.index() != place.index()) return "must be " + type();
  if (auto wrong = problem(*this, value)) return wrong;
  std::visit([&]<class T>(At<T> at) { at(config) = std::get<T>(value); }, place);
  return {};
}

std::optional<std::string> ConfigKey::set_text(Config& config, const std::string& text) const {
  const auto value =
      std::visit(Overloaded{[&](At<Text>) -> std::optional<ConfigValue> { return text; },
                            [&](At<Integer>) -> std::optional<ConfigValue> {
                              Integer n = 0;
                              const auto* end = text.data() + text.size();
                              const auto [rest, failed] = std::from_chars(text.data(), end, n);
                              if (failed != std::errc{} || rest != end) return {};
                              return n;
                            },
                            [&](At<bool>) -> std::optional<ConfigValue> {
                              if (text != "true" && text != "false") return {};
                              return text == "true";
                            },
                            [&](At<Texts>) -> std::optional<ConfigValue> {
                              Texts all;
                              for (std::size_t from = 0; from < text.size();) {
                                const auto comma = std::min(text.find(',', from), text.size());
                                all.push_back(text.substr(from, comma - from));
                                from = comma + 1;
                              }
                              return all;
                            }},
                 place);
  if (value) return set(config, *value);
  return fmt::format("must be {}, not \"{}\"", type(), text);
}

std::vector<std::string> config_conflicts(const Config& config) {
  std::vector<std::string> all;
  if (!config.llm.url.empty() && config.llm.model.empty())
    all.emplace_back("[llm] model: must be given when there is an [llm] url");
  if (!is_loopback(config.control.listen) && !config.control.insecure)
    all.push_back(fmt::format(
        "[control] listen: {} is reached from other machines, where anybody could steer calls: "
        "listen on 127.0.0.1, or say insecure = true",
        config.control.listen));
  return all;
}

nlohmann::ordered_json config_schema() {
  nlohmann::ordered_json sections = nlohmann::ordered_json::object();
  for (const auto& key : keys) {
    auto& section = sections[std::string(key.section)];
    section["type"] = "object";
    section["additionalProperties"] = false;
    section["properties"][std::string(key.name)] = key_schema(key);
  }
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", "parley.toml"},
          {"description", "The settings of parleyd. Every key has a default."},
          {"type", "object"},
          {"additionalProperties", false},
          {"properties", sections}};
}

std::string config_table() {
  std::string table = "| key | default | environment | what it is |\n|---|---|---|---|\n";
  for (const auto& key : keys)
    table += fmt::format("| `[{}] {}` | `{}` | `{}` | {} |\n", key.section, key.name,
                         to_json(key.get({})).dump(), key.environment_name(), key.description);
  return table;
}

}  // namespace parley
