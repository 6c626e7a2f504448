// session: one console: what it is subscribed to, and the bounded queue of what it is still to be
// sent.
//
// A console that reads too slowly loses the events in its queue, never its answers; once it has
// read what was left it gets `resync` and the live state again. So a slow console costs a bounded
// amount of memory and nobody any time.
//
// Threads: pure; the control thread's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engine/base/result.hpp"

namespace parley::control {

class Session {
 public:
  using Text = std::shared_ptr<const std::string>;  // an event is written once for all consoles

  struct Limits {
    std::size_t events = 2048;      // queued
    std::size_t bytes = 1'048'576;  // of queued events
    std::size_t answers = 128;      // queued acks and errors
    std::size_t calls = 256;        // subscribed to one by one
  };

  explicit Session(Limits limits) : limits_(limits) {}

  Status subscribe(const std::string& call);  // empty: all calls and the process
  Status unsubscribe(const std::string& call);
  bool wants(const std::string& call) const { return all_ || calls_.contains(call); }
  bool wants_all() const { return all_; }

  void event(Text text);
  void state(Text text);  // replaces a state that has not been sent yet
  // False: the console asks and does not read the answers; it is to be disconnected.
  [[nodiscard]] bool answer(Text text);

  // Everything it is to know anew: the events were cut (or lost before they came here).
  void lose(std::uint64_t events);
  // How many events were cut, when the queue is empty and the console is to be told; then ask for
  // resync() with the live state.
  std::optional<std::uint64_t> behind() const;
  void resync(Text notice, Text state);

  bool idle() const { return queue_.empty() && !lost_; }
  std::optional<Text> next();  // takes the first of the queue
  std::uint64_t resyncs() const { return resyncs_; }

 private:
  enum class Kind { answer, notice, state, event };
  struct Item {
    Kind kind;
    Text text;
  };
  bool erase(Kind kind);  // whether there was any

  Limits limits_;
  bool all_ = false;
  std::set<std::string> calls_;
  std::deque<Item> queue_;
  std::size_t events_ = 0, bytes_ = 0, answers_ = 0;
  std::optional<std::uint64_t> lost_;  // set: behind
  std::uint64_t announced_ = 0;        // what the last notice says
  std::uint64_t resyncs_ = 0;
};

}  // namespace parley::control
