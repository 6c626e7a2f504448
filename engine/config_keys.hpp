// config_keys: the table of parley.toml's keys: where each is kept, what it may be, what it is for.
//
// Threads: the caller's.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/config.hpp"

namespace parley {

using Texts = std::vector<std::string>;
using ConfigValue = std::variant<std::string, std::int64_t, bool, Texts>;

// What a text may be: a pattern for the schema and the check, and a sentence part for people.
struct ConfigForm {
  std::string_view says;             // "must be ..."
  std::string_view pattern;          // ECMAScript, the whole text
  bool (*also)(const std::string&);  // beyond the pattern; null: nothing
  bool secret = false;               // a wrong value may be a secret: do not repeat it
};

struct ConfigKey {
  template <class T>
  using Place = T& (*)(Config&);

  std::string_view section, name;
  std::variant<Place<std::string>, Place<std::int64_t>, Place<bool>, Place<Texts>> place;
  const ConfigForm* form;    // of a text, or of each in a list; null: any
  std::int64_t least, most;  // of a number
  std::string_view description;

  std::string environment_name() const;  // "PARLEY_SIP_LISTEN"
  ConfigValue get(const Config& config) const;
  std::string type() const;  // "a text in quotes", for people
  // What is wrong with the value, as "must be ..."; nothing: it was set.
  std::optional<std::string> set(Config& config, const ConfigValue& value) const;
  // The same, from the environment: a list has commas between its texts.
  std::optional<std::string> set_text(Config& config, const std::string& text) const;
};

std::span<const ConfigKey> config_keys();

// What fits each key but not all of them together: a line per mistake, "[llm] model: ...".
std::vector<std::string> config_conflicts(const Config& config);

nlohmann::ordered_json config_schema();  // what schema/config.json holds
std::string config_table();              // the keys as a table in Markdown

}  // namespace parley
