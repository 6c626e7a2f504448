// io_thread: the one thread of a process that talks to providers over the network: libcurl's multi
// handle, with its connections kept for the next request.
//
// An HttpExchange is a request and what to do with the answer. Its callbacks run on this thread and
// are where JSON is parsed; what a call shall know they post to its loop. Deadlines are the
// caller's, on its own loop, which cancels; a transfer that nobody watches any more ends after two
// minutes of silence.
//
// Threads: start() and cancel() from any; the callbacks on the I/O thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/mailbox.hpp"

namespace parley {

struct HttpRequest {
  std::string url{};
  std::vector<std::string> headers{};  // "Name: value"
  std::string body{};
};

struct HttpHead {
  int status = 0;
  std::string content_type{};
  std::optional<Nanos> retry_after{};
};

struct HttpEnd {
  std::string error{};       // empty: all of the answer came
  bool unreachable = false;  // refused, reset or closed before an answer
};

class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual HttpRequest request() = 0;        // asked once, on the I/O thread
  virtual void head(const HttpHead&) = 0;   // status and headers are complete
  virtual bool data(std::string_view) = 0;  // false: enough, break off
  virtual void end(const HttpEnd&) = 0;     // once, last; not after cancel() has taken effect

  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }

 private:
  friend class IoThread;
  std::atomic<bool> cancelled_ = false;
};

class IoThread {
 public:
  static IoThread& shared();  // the process's; starts at first use

  IoThread();
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  // False: too many requests wait; this one was not taken.
  [[nodiscard]] bool start(std::shared_ptr<HttpExchange> exchange);
  // Breaks off, also before it has begun. A callback that runs at this moment ends first.
  void cancel(const std::shared_ptr<HttpExchange>& exchange);

 private:
  struct Message {
    std::shared_ptr<HttpExchange> exchange;
  };
  class Transfer;

  void run(std::stop_token stop);
  void take(const std::shared_ptr<HttpExchange>& exchange);
  void collect_finished();

  void* const multi_;  // CURLM
  std::unordered_map<HttpExchange*, std::unique_ptr<Transfer>> transfers_;
  Mailbox<Message> mailbox_;
  std::jthread thread_;  // last: joins before the rest goes
};

// The URL as it may be shown: without user, password and query.
std::string shown_url(const std::string& url);

}  // namespace parley
