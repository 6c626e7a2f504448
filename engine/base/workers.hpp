// workers: a small pool of threads for what may block or take long: recognition, synthesis, files.
//
// Threads: submit() from any. A job runs on one of the pool's threads; jobs of one Strand run in
// the order they were submitted, never two at a time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace parley {

class Workers {
 public:
  using Job = std::function<void()>;

  explicit Workers(unsigned threads, std::size_t capacity = 4096);
  ~Workers();  // what was accepted is done first
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False: the queue is full and the job was not taken.
  [[nodiscard]] bool submit(Job job);
  std::uint64_t refused() const;
  std::size_t waiting() const;

 private:
  void run();

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  bool ending_ = false;
  std::uint64_t refused_ = 0;
  std::vector<std::thread> threads_;
};

// Jobs that belong together: one after the other, on whichever worker is free.
class Strand : public std::enable_shared_from_this<Strand> {
 public:
  static std::shared_ptr<Strand> make(Workers& workers, std::size_t capacity = 256);
  [[nodiscard]] bool submit(Workers::Job job);

 private:
  Strand(Workers& workers, std::size_t capacity) : workers_(workers), capacity_(capacity) {}
  void run_one();

  Workers& workers_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::deque<Workers::Job> jobs_;
  bool scheduled_ = false;
};

}  // namespace parley
