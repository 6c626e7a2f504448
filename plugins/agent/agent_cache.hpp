// agent_cache: an agent's file read once, for all its calls; read again when the file has changed.
//
// A call must not wait for a file and a parser on its media loop. Threads: any.
#pragma once

#include <memory>
#include <string>

#include "plugins/agent/agent.hpp"

namespace parley {

// The same error as load_agent(), also remembered until the file changes.
Result<std::shared_ptr<const Agent>> cached_agent(const std::string& path);

}  // namespace parley
