#include "engine/call/agents.hpp"

#include <fmt/core.h>
#include <glib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/log.hpp"
#include "plugins/agent/agent_cache.hpp"

namespace parley {
namespace {

// A name never leaves the folder.
bool is_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string hash_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  gchar* hash = g_compute_checksum_for_data(
      G_CHECKSUM_SHA256, reinterpret_cast<const guchar*>(text.data()), text.size());
  std::string hex = hash;
  g_free(hash);
  return hex;
}

}  // namespace

Agents::Agents(std::string folder) : folder_(std::move(folder)) {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder_, error)) {
    if (file.path().extension() != ".toml") continue;
    const auto path = file.path().string();
    if (const auto agent = cached_agent(path); agent)
      files_.push_back({file.path().stem().string(), path, hash_of(path)});
    else
      log::error("agents", "", "calls to this agent will be refused: {}", agent.error());
  }
  if (error) log::error("agents", "", "[agents] path {}: {}", folder_, error.message());
}

Result<CallAgent> Agents::find(const std::string& name) const {
  if (!is_name(name)) return Error{fmt::format("'{}' is no name of an agent", name)};
  const auto path = (std::filesystem::path(folder_) / (name + ".toml")).string();
  const auto agent = cached_agent(path);
  if (!agent) return Error{agent.error()};
  return CallAgent{
      .name = name, .path = path, .voice = (*agent)->voice.empty() ? "rms" : (*agent)->voice};
}

}  // namespace parley
