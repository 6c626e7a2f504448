#include "engine/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>

#include "engine/config_keys.hpp"

namespace parley {
namespace {

struct Mistake {
  unsigned line = 0;  // 0: not of a line
  std::string what{};
};

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto corner = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j)
      corner = std::exchange(row[j + 1],
                             std::min({row[j + 1] + 1, row[j] + 1, corner + (a[i] != b[j])}));
  }
  return row.back();
}

// The nearest of `names`, when it is near enough to be meant.
std::string nearest(std::string_view wrong, const std::set<std::string_view>& names) {
  std::string_view best;
  auto least = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const auto name : names)
    if (const auto distance = edits(wrong, name); distance < least) best = name, least = distance;
  return std::string(best);
}

template <class Name>
std::set<std::string_view> names_of(Name&& name) {
  std::set<std::string_view> all;
  for (const auto& key : config_keys())
    if (const auto n = name(key); !n.empty()) all.insert(n);
  return all;
}

std::string no_section(std::string_view section) {
  const auto meant = nearest(section, names_of([](const auto& k) { return k.section; }));
  return fmt::format("[{}]: no such section{}", section,
                     meant.empty() ? "" : fmt::format("; did you mean [{}]?", meant));
}

std::string no_key(std::string_view section, std::string_view name) {
  const auto meant = nearest(name, names_of([&](const auto& k) {
                               return k.section == section ? k.name : std::string_view();
                             }));
  if (!meant.empty())
    return fmt::format("[{}] {}: no such key; did you mean {}?", section, name, meant);
  for (const auto& key : config_keys())
    if (key.name == name)
      return fmt::format("[{}] {}: no such key; there is one in [{}]", section, name, key.section);
  return fmt::format("[{}] {}: no such key", section, name);
}

const ConfigKey* find_key(std::string_view section, std::string_view name) {
  const auto found = std::ranges::find_if(
      config_keys(), [&](const auto& k) { return k.section == section && k.name == name; });
  return found == config_keys().end() ? nullptr : &*found;
}

std::optional<ConfigValue> value_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  const auto* array = node.as_array();
  if (!array) return {};
  Texts all;
  for (const auto& one : *array) {
    if (!one.is_string()) return {};
    all.push_back(one.as_string()->get());
  }
  return all;
}

void read_key(Config& config, std::string_view section, const toml::key& name,
              const toml::node& node, std::vector<Mistake>& mistakes) {
  const auto line = name.source().begin.line;
  const auto* key = find_key(section, name.str());
  if (!key) {
    mistakes.push_back({line, no_key(section, name.str())});
    return;
  }
  const auto value = value_of(node);
  const auto wrong = value ? key->set(config, *value) : "must be " + key->type();
  if (wrong) mistakes.push_back({line, fmt::format("[{}] {}: {}", section, name.str(), *wrong)});
}

void read_sections(Config& config, const toml::table& file, std::vector<Mistake>& mistakes) {
  const auto sections = names_of([](const auto& k) { return k.section; });
  for (const auto& [section, node] : file) {
    const auto line = section.source().begin.line;
    if (!sections.contains(section.str()))
      mistakes.push_back({line, no_section(section.str())});
    else if (const auto* keys = node.as_table())
      for (const auto& [name, value] : *keys)
        read_key(config, section.str(), name, value, mistakes);
    else
      mistakes.push_back(
          {line, fmt::format("{}: is a section: write [{}]", section.str(), section.str())});
  }
}

void read_file(Config& config, const std::filesystem::path& path, std::vector<Mistake>& mistakes) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) {
    mistakes.push_back({0, "there is no such file"});
    return;
  }
  try {
    read_sections(config, toml::parse_file(path.string()), mistakes);
  } catch (const toml::parse_error& e) {
    mistakes.push_back({e.source().begin.line, std::string(e.description())});
  }
}

// Variables that look like a key's and are none are mistakes; PARLEY_TIME and the like are not
// ours.
std::vector<std::string> read_environment(Config& config, const Environment& environment) {
  std::vector<std::string> lines;
  std::map<std::string, const ConfigKey*> known;
  std::set<std::string> prefixes;
  for (const auto& key : config_keys()) {
    const auto name = key.environment_name();
    known[name] = &key;
    prefixes.insert(name.substr(0, name.find('_', sizeof "PARLEY_" - 1) + 1));
  }
  for (const auto& [name, value] : environment) {
    if (const auto key = known.find(name); key != known.end()) {
      if (const auto wrong = key->second->set_text(config, value))
        lines.push_back(fmt::format("{}: {}", name, *wrong));
    } else if (std::ranges::any_of(prefixes, [&](const auto& p) { return name.starts_with(p); })) {
      std::set<std::string_view> names;
      for (const auto& [one, key_of] : known) names.insert(one);
      const auto meant = nearest(name, names);
      lines.push_back(fmt::format("{}: no such key{}", name,
                                  meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
    }
  }
  return lines;
}

void resolve_paths(Config& config, const std::filesystem::path& folder) {
  constexpr std::string_view scheme = "sqlite:";
  auto& database = config.store.url;
  database = fmt::format("{}{}", scheme,
                         (folder / database.substr(scheme.size())).lexically_normal().string());
  config.media.pipeline = (folder / config.media.pipeline).lexically_normal().string();
  auto& recordings = config.recording.path;
  if (!recordings.empty()) recordings = (folder / recordings).lexically_normal().string();
  config.agents.path = (folder / config.agents.path).lexically_normal().string();
}

}  // namespace

std::uint16_t Config::Media::first_port() const {
  return static_cast<std::uint16_t>(std::stoi(ports));
}

std::uint16_t Config::Media::last_port() const {
  return static_cast<std::uint16_t>(std::stoi(ports.substr(ports.find('-') + 1)));
}

Environment process_environment() {
  Environment all;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    if (const auto equals = text.find('='); equals != std::string_view::npos)
      all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

Result<Config> load_config(const std::optional<std::filesystem::path>& file,
                           const Environment& environment) {
  Config config;
  std::vector<Mistake> mistakes;
  if (file) read_file(config, *file, mistakes);
  std::ranges::stable_sort(mistakes, {}, &Mistake::line);

  std::vector<std::string> lines;
  for (const auto& m : mistakes)
    lines.push_back(m.line ? fmt::format("{}:{}: {}", file->string(), m.line, m.what)
                           : fmt::format("{}: {}", file->string(), m.what));
  for (auto& line : read_environment(config, environment)) lines.push_back(std::move(line));
  if (lines.empty()) lines = config_conflicts(config);
  if (!lines.empty()) return Error{fmt::format("{}", fmt::join(lines, "\n"))};

  resolve_paths(config, file ? std::filesystem::absolute(*file).parent_path()
                             : std::filesystem::current_path());
  return config;
}

}  // namespace parley
