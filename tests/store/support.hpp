// support: what the store's tests share: a database of their own, events made by hand, a child
// process.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/sim_loop.hpp"
#include "engine/store/store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace parley::test {

using Json = nlohmann::json;

inline std::string database_url(const TemporaryFolder& folder) {
  return "sqlite:" + folder / "test.db";
}

// Opened and following, in virtual time.
struct VirtualStore {
  EventHub hub{};
  std::shared_ptr<SimLoop> loop = SimLoop::make();
  std::unique_ptr<store::Store> store{};

  explicit VirtualStore(store::StoreOptions options);
  EventStream stream(const std::string& call) { return EventStream(hub, *loop, call); }
  void emit(EventStream& stream, const std::string& kind, Json body = Json::object()) {
    Gate gate(*loop);
    stream.emit(kind, std::move(body));
  }
};

std::unique_ptr<store::Store> opened(const store::StoreOptions& options);
std::string refused(const store::StoreOptions& options);  // the sentence

// A test case of this program, skipped by default, in a process of its own; its `environment` says
// what to do, and what it writes to descriptor 3 can be read from `output`.
struct Child {
  int pid = -1, output = -1;

  Child(const std::string& test_case, const std::map<std::string, std::string>& environment);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  std::string read_line();  // empty: the child has ended
  void kill();              // SIGKILL
  int wait();               // its exit status, -SIGNAL when one ended it

 private:
  std::string read_{};
};

}  // namespace parley::test
