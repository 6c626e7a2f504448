// writer: takes every event of the hub to the database; the only one that writes there.
//
// Events gather in a bounded mailbox; what has gathered becomes one transaction, begun when the
// oldest is 40 ms old, which leaves 10 ms of the promised 50 to the disk. A full mailbox refuses
// and counts, and the count becomes an `events.lost`. A disk that refuses is told once
// (`store.failed`) and tried again until it takes the same batch; meanwhile events wait in the
// mailbox, up to its bound. Whoever publishes never waits.
//
// Two drivers, one way to commit: in real time a thread; in virtual time a timer of the loop, so
// that whole calls are stored on one thread, in one order.
//
// Threads: its own; flush(), stored(), lost() from any; in virtual time everything on the loop's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/base/event_hub.hpp"
#include "engine/base/loop.hpp"
#include "engine/base/mailbox.hpp"
#include "engine/store/transaction.hpp"

namespace parley::store {

struct WriterOptions {
  std::size_t capacity = 65'536;  // events that wait
  Nanos gather = 40ms;            // age at which the oldest event begins a transaction
  Nanos retry = 500ms;            // between two tries on a disk that refuses
  Nanos drain = 2s;               // for what is left at the end
};

class Writer {
 public:
  Writer(soci::session& sql, WriterOptions options);
  ~Writer();  // stores what is left, for as long as `drain`
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Once. `clock` is a real loop, of which only the clock is used, or the virtual one that the
  // calls live on. Hub and loop outlive the writer.
  void follow(EventHub& hub, LoopRef clock);

  // Comes back when everything published so far is stored (or, after `patience`, with what is
  // wrong).
  Status flush(Nanos patience);

  std::uint64_t stored() const { return stored_; }
  std::uint64_t lost() const { return intake_->mailbox.refused() + dropped_; }

 private:
  // Shared with the hub: a publisher may be in there while the writer ends.
  struct Intake {
    Mailbox<EventPtr> mailbox;
    std::atomic<std::uint64_t> offered = 0;

    explicit Intake(std::size_t capacity) : mailbox(capacity) {}
    void take_in(const EventPtr& event) { offered += mailbox.offer(event); }
  };

  void run(std::stop_token stop);
  void wait(std::stop_token stop, Nanos patience);
  void gather();
  bool commit();  // false: the disk refuses, the batch is kept
  bool store_batch();
  void settle(std::uint64_t events);
  void tell_failure(const std::string& why);
  void tell_loss();
  void schedule(Nanos delay);  // virtual time
  void drain();

  const WriterOptions options_;
  Transaction transaction_;
  const std::shared_ptr<Intake> intake_;
  std::vector<EventPtr> batch_;  // taken from the mailbox, not stored yet
  EventHub* hub_ = nullptr;
  LoopRef clock_;
  Loop::TimerId timer_ = 0;
  bool failing_ = false;
  std::uint64_t told_lost_ = 0;

  std::atomic<std::uint64_t> stored_ = 0, dropped_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool hurry_ = false;         // under mutex_: somebody waits in flush()
  std::uint64_t settled_ = 0;  // under mutex_: stored or dropped
  std::string trouble_;        // under mutex_: why the disk refuses

  std::shared_ptr<void> subscription_;
  std::jthread thread_;
};

}  // namespace parley::store
