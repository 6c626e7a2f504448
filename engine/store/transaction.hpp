// transaction: stores a batch of events, and the rows they change, all or nothing.
//
// Storing an event twice is the same as storing it once, so a batch whose commit failed half-way
// can be tried again as it is.
//
// Threads: the writer's.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_set>

#include "engine/base/event.hpp"
#include "engine/store/database.hpp"
#include "engine/store/rows.hpp"

namespace parley::store {

struct Outcome {
  enum class Kind {
    stored,
    later,  // nothing is stored; the disk may take it later
    bad     // nothing is stored; batch[bad] will never be
  };
  Kind kind = Kind::stored;
  std::size_t bad = 0;
  std::string why{};
};

class Transaction {
 public:
  explicit Transaction(soci::session& sql);
  ~Transaction();

  Outcome store(std::span<const EventPtr> batch);

 private:
  struct Statements;

  void put(const Event& event);
  void know(const Event& event);  // an event may not refer to a call that is not there
  void change(const std::string& call, const CallCreated& c);
  void change(const std::string& call, const CallAnswered& c);
  void change(const std::string& call, const CallEnded& c);
  void change(const std::string& call, const RecordingStarted& c);
  void change(const std::string& call, const MetadataPatch& c);
  void change(const std::string& call, const Entry& c);

  soci::session& sql_;
  std::unique_ptr<Statements> statements_;  // prepared once; made anew after a failure
  std::unordered_set<std::string> known_;   // calls that have a row
};

}  // namespace parley::store
