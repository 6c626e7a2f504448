#include "plugins/agent/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/agent/slots.hpp"

namespace parley {
std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& k : known)
    if (const auto d = k.starts_with(word) ? 1 : edit_distance(word, k); d < least)
      least = d, best = k;
  return best;
}

void Complaints::add(int line, const std::string& sentence) {
  all_.emplace(line, fmt::format("{}:{}: {}", file_, line, sentence));
}

std::string Complaints::text() const {
  std::string text;
  for (const auto& [line, sentence] : all_) text += (text.empty() ? "" : "\n") + sentence;
  return text;
}

Reader::Reader(Complaints& complaints, const toml::table& table, std::string what)
    : complaints_(complaints), table_(table), what_(std::move(what)) {}

int Reader::line(std::string_view key) const {
  const auto* node = table_.get(key);
  return node ? int(node->source().begin.line) : line();
}

const toml::node* Reader::take(std::string_view key) {
  known_.emplace_back(key);
  return table_.get(key);
}

void Reader::complain(std::string_view key, const std::string& sentence) {
  complaints_.add(line(key), sentence);
}

void Reader::wrong(std::string_view key, const std::string& wanted) {
  complain(key, fmt::format("'{}' must be {}", key, wanted));
}

void Reader::text(std::string_view key, std::string& out) {
  const auto* node = take(key);
  if (!node) return;
  if (const auto v = node->value_exact<std::string>())
    out = *v;
  else
    wrong(key, "a text in quotes");
}

void Reader::number(std::string_view key, unsigned& out, unsigned min, unsigned max) {
  const auto* node = take(key);
  if (!node) return;
  const auto v = node->value_exact<std::int64_t>();
  if (v && *v >= min && *v <= max)
    out = unsigned(*v);
  else
    wrong(key, fmt::format("a whole number from {} to {}", min, max));
}

void Reader::fraction(std::string_view key, double& out) {
  const auto* node = take(key);
  if (!node) return;
  const auto v = node->value<double>();
  if (v && *v >= 0 && *v <= 1)
    out = *v;
  else
    wrong(key, "a number from 0 to 1");
}

void Reader::decibels(std::string_view key, double& out) {
  const auto* node = take(key);
  if (!node) return;
  const auto value = node->value<double>();
  if (!value || *value < -60 || *value > 6) return wrong(key, "a number from -60 to 6");
  out = *value;
}

void Reader::flag(std::string_view key, bool& out) {
  const auto* node = take(key);
  if (!node) return;
  if (const auto v = node->value_exact<bool>())
    out = *v;
  else
    wrong(key, "true or false");
}

void Reader::texts(std::string_view key, std::vector<std::string>& out) {
  const auto* node = take(key);
  if (!node) return;
  std::vector<std::string> all;
  if (const auto v = node->value_exact<std::string>())
    all.push_back(*v);
  else if (const auto* list = node->as_array())
    for (const auto& item : *list)
      if (const auto text = item.value_exact<std::string>())
        all.push_back(*text);
      else
        return complaints_.add(int(item.source().begin.line),
                               fmt::format("'{}' must hold texts in quotes only", key));
  else
    return wrong(key, "a text in quotes, or a list of them");
  if (all.empty() || std::count(all.begin(), all.end(), ""))
    return wrong(key, "something: it is empty");
  out = std::move(all);
}

void Reader::numbers(std::string_view key, std::vector<unsigned>& out, unsigned min, unsigned max) {
  const auto* node = take(key);
  if (!node) return;
  const auto wanted = fmt::format("a whole number from {} to {}, or a list of them", min, max);
  std::vector<unsigned> all;
  const auto add = [&](const toml::node& n) {
    const auto v = n.value_exact<std::int64_t>();
    if (!v || *v < min || *v > max) return false;
    all.push_back(unsigned(*v));
    return true;
  };
  if (const auto* list = node->as_array()) {
    for (const auto& item : *list)
      if (!add(item)) return wrong(key, wanted);
  } else if (!add(*node)) {
    return wrong(key, wanted);
  }
  std::sort(all.begin(), all.end());
  out = std::move(all);
}

void Reader::map(std::string_view key, std::map<std::string, std::string>& out) {
  const auto* t = table(key);
  if (!t) return;
  for (const auto& [k, v] : *t)
    if (const auto text = v.value_exact<std::string>())
      out[std::string(k.str())] = *text;
    else
      complaints_.add(int(v.source().begin.line),
                      fmt::format("'{}' in '{}' must be a text in quotes", k.str(), key));
}

const toml::table* Reader::table(std::string_view key) {
  const auto* node = take(key);
  if (node && !node->is_table()) wrong(key, "a table");
  return node ? node->as_table() : nullptr;
}

std::vector<const toml::table*> Reader::tables(std::string_view key) {
  std::vector<const toml::table*> all;
  const auto* node = take(key);
  if (!node) return all;
  const auto* list = node->as_array();
  if (!list) {
    wrong(key, fmt::format("written as [[{}]]", key));
    return all;
  }
  for (const auto& item : *list)
    if (const auto* t = item.as_table())
      all.push_back(t);
    else
      complaints_.add(int(item.source().begin.line), fmt::format("write it as [[{}]]", key));
  return all;
}

void Reader::finish() {
  for (const auto& [key, value] : table_) {
    if (std::count(known_.begin(), known_.end(), key.str())) continue;
    const auto meant = nearest(key.str(), known_);
    auto sentence = fmt::format("unknown key '{}'", key.str());
    if (!what_.empty()) sentence += " in " + what_;
    if (!meant.empty()) sentence += fmt::format("; did you mean '{}'?", meant);
    complaints_.add(int(key.source().begin.line), sentence);
  }
}

}  // namespace parley
