// mailbox: the only way from one thread to another: a bounded queue that never blocks its sender.
//
// Threads: offer() and refused() from any; take() and take_now() are the receiver's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

namespace parley {

template <class T>
class Mailbox {
 public:
  // `wake` runs on the sender's thread after an offer into an empty box: an eventfd's write,
  // lws_cancel_service(), or nothing when the receiver waits in take().
  explicit Mailbox(std::size_t capacity, std::function<void()> wake = {})
      : capacity_(capacity), wake_(std::move(wake)) {}

  // Any thread. False: the box is full, `item` was not taken; the sender says so and goes on.
  [[nodiscard]] bool offer(T item) {
    bool was_empty;
    {
      std::lock_guard lock(mutex_);
      if (items_.size() >= capacity_) return ++refused_, false;
      was_empty = items_.empty();
      items_.push_back(std::move(item));
    }
    if (was_empty && wake_) wake_();
    ready_.notify_one();
    return true;
  }

  // The receiver: everything that is there, at once; waits until there is something or `stop`.
  std::vector<T> take(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, stop, [&] { return !items_.empty(); });
    return drain();
  }

  // The same, but comes back empty-handed after `patience`.
  std::vector<T> take_for(std::stop_token stop, std::chrono::nanoseconds patience) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, stop, patience, [&] { return !items_.empty(); });
    return drain();
  }

  std::vector<T> take_now() {
    std::lock_guard lock(mutex_);
    return drain();
  }

  std::uint64_t refused() const {
    std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  std::vector<T> drain() {
    std::vector<T> all(std::make_move_iterator(items_.begin()),
                       std::make_move_iterator(items_.end()));
    items_.clear();
    return all;
  }

  const std::size_t capacity_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<T> items_;
  std::uint64_t refused_ = 0;
};

}  // namespace parley
