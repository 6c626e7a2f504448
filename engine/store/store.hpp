// store: the database of one parleyd: opens it, follows the events, answers questions.
//
// Opening takes the lock of this database, brings the tables to this program's version and closes
// the calls that a process before left open. Nobody outside this folder sees SOCI or SQL.
//
// Threads: open, follow and the end belong to one thread; the rest may be called from any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/event_hub.hpp"
#include "engine/base/loop.hpp"
#include "engine/base/result.hpp"
#include "engine/store/queries.hpp"

namespace parley::store {

struct StoreOptions {
  std::string url = "sqlite:parley.db";
  std::string migrations{};               // a folder; empty: those built into the program
  std::size_t mailbox_capacity = 65'536;  // events that wait for the disk
  Nanos gather = 40ms;                    // age at which the oldest begins a transaction
  Nanos retry = 500ms;                    // between two tries on a disk that refuses
};

struct AgentFile {
  std::string name{}, path{}, hash{};
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  ~Store();  // stores what is left (at most 2 s)
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Takes the database to `version` of its tables, forward or backward (0: no tables), and leaves
  // it.
  static Status migrate(const StoreOptions& options, int version);

  std::size_t interrupted() const;  // calls that open() closed

  // Which agents this process knows. Before follow().
  Status remember_agent(const AgentFile& agent, std::int64_t utc_us);

  // Stores every event from now on; once. `clock`: any real loop, of which only the clock is read,
  // or the virtual loop that the calls live on: then everything happens on its thread. Hub and loop
  // outlive the store.
  void follow(EventHub& hub, LoopRef clock);

  // Comes back when all that was published is stored, or, after `patience`, with what is wrong.
  Status flush(Nanos patience = 5s);

  std::uint64_t events_stored() const;
  std::uint64_t events_lost() const;

  Queries& queries();

 private:
  struct Parts;
  explicit Store(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace parley::store
