// queries: what others ask the database, as JSON in the shapes of the control server.
//
// On a connection of its own that can only read; it sees what was committed, never what still
// waits. Times are RFC 3339; a list is {"items": [...], "next": cursor or null}, newest first.
//
// Threads: any, one at a time. A question takes as long as the disk does.
#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/result.hpp"

namespace soci {
class session;
}

namespace parley::store {

class Queries {
 public:
  explicit Queries(std::unique_ptr<soci::session> sql);
  ~Queries();

  // `state`: "", "ringing", "live" or "ended"; `limit`: 1-200; `cursor`: `next` of the page before.
  Result<nlohmann::json> calls(const std::string& state, int limit, const std::string& cursor);

  // The call with "transcript": [entry...]; null when there is none of that id.
  Result<nlohmann::json> call(const std::string& id);

  // The call's events in order, as consoles see them, from `after_seq` on, at most `limit`
  // (1-1000); an empty id asks for the events of the process, of which `after_seq` skips none.
  Result<nlohmann::json> events(const std::string& call, std::uint64_t after_seq, int limit);

 private:
  std::mutex mutex_;
  const std::unique_ptr<soci::session> sql_;
};

}  // namespace parley::store
