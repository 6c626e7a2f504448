// event_hub: every event passes here once; store, consoles, metrics and webhooks are its
// subscribers.
//
// EventStream is one call's end of it: it numbers and times the call's events.
//
// Threads: publish() and process() from any; a sink is called on the publisher's thread, in the
// order of each stream, and must not block: it puts the event into a mailbox of its own. An
// EventStream belongs to its call's loop.
#pragma once

#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "engine/base/event.hpp"
#include "engine/base/guarded.hpp"
#include "engine/base/loop.hpp"

namespace parley {

class EventHub {
 public:
  using Sink = std::function<void(const EventPtr&)>;

  // Ends when the last copy of the answer is gone; after that the sink is not called again.
  [[nodiscard]] std::shared_ptr<void> subscribe(Sink sink);
  void publish(EventPtr event);

  // An event of the process: numbered and timed here. `clock` tells the time.
  void process(const Loop& clock, std::string kind, nlohmann::json body);

 private:
  struct Subscriber {
    Sink sink;
  };
  mutable std::shared_mutex mutex_;
  std::vector<std::weak_ptr<Subscriber>> subscribers_;

  struct Process {
    std::uint64_t seq = 0;
    std::int64_t started_at = -1;
  };
  Guarded<Process> process_;
};

class EventStream {
 public:
  EventStream(EventHub& hub, const Loop& loop, std::string call);

  void emit(std::string kind, nlohmann::json body = nlohmann::json::object());

  const std::string& call() const { return call_; }
  std::int64_t started_at() const { return started_at_; }  // microseconds since 1970
  std::int64_t at() const;                                 // microseconds since started_at

 private:
  EventHub& hub_;
  const Loop& loop_;
  const std::string call_;
  const Nanos start_;
  const std::int64_t started_at_;
  std::uint64_t seq_ = 0;
};

}  // namespace parley
