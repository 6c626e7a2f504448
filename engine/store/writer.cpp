#include "engine/store/writer.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <iterator>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"

namespace parley::store {

Writer::Writer(soci::session& sql, WriterOptions options)
    : options_(options), transaction_(sql), intake_(std::make_shared<Intake>(options.capacity)) {}

Writer::~Writer() {
  subscription_.reset();
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  if (timer_) {
    Gate gate(*clock_);
    clock_->cancel(timer_);
  }
  drain();
}

void Writer::follow(EventHub& hub, LoopRef clock) {
  PARLEY_ASSERT(!hub_);
  hub_ = &hub;
  clock_ = std::move(clock);
  if (!clock_->is_virtual()) {
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
    pthread_setname_np(thread_.native_handle(), "parley-store");
  }
  if (clock_->is_virtual())
    subscription_ = hub.subscribe([this](const EventPtr& event) {
      intake_->take_in(event);
      if (!timer_) schedule(options_.gather);
    });
  else
    subscription_ = hub.subscribe([in = intake_](const EventPtr& event) { in->take_in(event); });
}

void Writer::schedule(Nanos delay) {
  Gate gate(*clock_);
  timer_ = clock_->after(delay, [this] {
    timer_ = 0;
    if (!commit() && !timer_) schedule(options_.retry);
  });
}

void Writer::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    batch_ = intake_->mailbox.take(stop);
    if (!batch_.empty()) wait(stop, options_.gather);
    while (!commit() && !stop.stop_requested()) wait(stop, options_.retry);
  }
}

// Until `patience` is over, or somebody is in a hurry.
void Writer::wait(std::stop_token stop, Nanos patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, patience, [this] { return hurry_; });
  hurry_ = false;
}

void Writer::gather() {
  std::ranges::move(intake_->mailbox.take_now(), std::back_inserter(batch_));
}

bool Writer::commit() {
  if (!failing_) gather();
  if (!store_batch()) return false;
  if (failing_) {
    gather();  // so that there is room for what follows
    if (!store_batch()) return false;
    failing_ = false;
    log::info("store", "", "the database takes events again");
    hub_->process(*clock_, "store.recovered", {{"lost", lost()}});
  }
  tell_loss();
  return true;
}

bool Writer::store_batch() {
  while (!batch_.empty()) {
    const auto outcome = transaction_.store(batch_);
    if (outcome.kind == Outcome::Kind::later) {
      tell_failure(outcome.why);
      return false;
    }
    if (outcome.kind == Outcome::Kind::bad) {
      const auto bad = batch_.begin() + std::ptrdiff_t(outcome.bad);
      log::error("store", (*bad)->call, "an event of kind {} cannot be stored: {}", (*bad)->kind,
                 outcome.why);
      batch_.erase(bad);
      ++dropped_;
      settle(1);
      continue;
    }
    const auto size = batch_.size();
    batch_.clear();
    stored_ += size;
    settle(size);
  }
  return true;
}

void Writer::settle(std::uint64_t events) {
  std::lock_guard lock(mutex_);
  settled_ += events;
  trouble_.clear();
  changed_.notify_all();
}

void Writer::tell_failure(const std::string& why) {
  {
    std::lock_guard lock(mutex_);
    trouble_ = why;
  }
  if (std::exchange(failing_, true)) return;
  log::error("store", "", "the database does not take events, calls go on, trying again: {}", why);
  if (hub_) hub_->process(*clock_, "store.failed", {{"detail", why}});
}

void Writer::tell_loss() {
  const auto count = lost() - told_lost_;
  if (count == 0 || !hub_) return;
  told_lost_ += count;
  log::warn("store", "", "{} events were not stored", count);
  hub_->process(*clock_, "events.lost", {{"subscriber", "store"}, {"count", count}});
}

Status Writer::flush(Nanos patience) {
  if (!clock_) return ok();
  if (clock_->is_virtual()) {
    if (commit()) return ok();
    return Error{fmt::format("the database does not take events: {}", trouble_)};
  }
  const auto target = intake_->offered.load();
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (settled_ < target) {
    hurry_ = true;
    changed_.notify_all();
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && settled_ < target)
      return Error{fmt::format("{} events are not stored yet: {}", target - settled_,
                               trouble_.empty() ? "the database is slow" : trouble_)};
  }
  return ok();
}

void Writer::drain() {
  if (!hub_) return;
  const auto deadline = std::chrono::steady_clock::now() + options_.drain;
  while (!commit() && !clock_->is_virtual() && std::chrono::steady_clock::now() < deadline)
    wait({}, options_.retry / 10);
  const auto left = batch_.size() + intake_->mailbox.take_now().size();
  if (left > 0) log::error("store", "", "{} events were not stored before the end", left);
}

}  // namespace parley::store
