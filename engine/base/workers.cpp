#include "engine/base/workers.hpp"

#include <utility>

namespace parley {

Workers::Workers(unsigned threads, std::size_t capacity) : capacity_(capacity) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Workers::~Workers() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ready_.notify_all();
  for (auto& t : threads_) t.join();
}

bool Workers::submit(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (jobs_.size() >= capacity_) return ++refused_, false;
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
  return true;
}

std::uint64_t Workers::refused() const {
  std::lock_guard lock(mutex_);
  return refused_;
}

std::size_t Workers::waiting() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

void Workers::run() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

std::shared_ptr<Strand> Strand::make(Workers& workers, std::size_t capacity) {
  return std::shared_ptr<Strand>(new Strand(workers, capacity));
}

bool Strand::submit(Workers::Job job) {
  std::lock_guard lock(mutex_);
  if (jobs_.size() >= capacity_) return false;
  // Submitting first: when the pool refuses, nothing of ours has changed.
  if (!scheduled_ && !workers_.submit([me = shared_from_this()] { me->run_one(); })) return false;
  scheduled_ = true;
  jobs_.push_back(std::move(job));
  return true;
}

void Strand::run_one() {
  for (;;) {
    Workers::Job job;
    {
      std::lock_guard lock(mutex_);
      if (jobs_.empty()) {
        scheduled_ = false;
        return;
      }
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace parley
