// agents: the agents of a folder, by name: NAME is the file NAME.toml in [agents] path.
//
// All are read at start, so that a broken one is reported then and a call waits for no file.
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "engine/call/call.hpp"

namespace parley {

class Agents {
 public:
  explicit Agents(std::string folder);
  Result<CallAgent> find(const std::string& name) const;

  struct File {
    std::string name, path, hash;  // SHA-256 of the file, in hexadecimal
  };
  const std::vector<File>& files() const { return files_; }  // those that were right at start

 private:
  const std::string folder_;
  std::vector<File> files_;
};

}  // namespace parley
