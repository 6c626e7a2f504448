// agents: the agents of a folder, by name: NAME is the file NAME.toml in [agents] path.
//
// All are read at start, so that a broken one is reported then and a call waits for no file.
// Threads: any.
#pragma once

#include <string>

#include "engine/call/call.hpp"

namespace parley {

class Agents {
 public:
  explicit Agents(std::string folder);
  Result<CallAgent> find(const std::string& name) const;

 private:
  const std::string folder_;
};

}  // namespace parley
