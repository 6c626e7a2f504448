#include "plugins/agent/agent_cache.hpp"

#include <sys/stat.h>

#include <map>
#include <optional>

#include "engine/base/guarded.hpp"

namespace parley {
namespace {

constexpr std::size_t most_agents = 256;

struct Stamp {
  ino_t inode = 0;
  off_t size = -1;
  std::int64_t changed = 0;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const std::string& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) return {};
  return {s.st_ino, s.st_size, std::int64_t(s.st_mtim.tv_sec) * 1'000'000'000 + s.st_mtim.tv_nsec};
}

struct Entry {
  Stamp stamp;
  Result<std::shared_ptr<const Agent>> agent;
};

}  // namespace

Result<std::shared_ptr<const Agent>> cached_agent(const std::string& path) {
  static Guarded<std::map<std::string, Entry>> cache;
  const auto stamp = stamp_of(path);
  return cache.with([&](auto& entries) -> Result<std::shared_ptr<const Agent>> {
    if (const auto found = entries.find(path);
        found != entries.end() && found->second.stamp == stamp)
      return found->second.agent;
    auto loaded = load_agent(path);
    Result<std::shared_ptr<const Agent>> agent = Error{};
    if (loaded)
      agent = std::make_shared<const Agent>(*std::move(loaded));
    else
      agent = Error{loaded.error()};
    if (entries.size() >= most_agents) entries.clear();
    entries.insert_or_assign(path, Entry{stamp, agent});
    return agent;
  });
}

}  // namespace parley
