// client: one parleyd's control server: asks it, or holds a WebSocket to it, and waits.
//
// Everything here waits, each wait for at most `patience`: a command line has nothing else to do.
//
// Threads: one. interrupt() from a signal handler.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/base/result.hpp"

namespace parley::cli {

struct Address {
  std::string host{};
  int port = 0;

  static Result<Address> parse(const std::string& url);  // "http://HOST:PORT"
  std::string authority() const;                         // as in a Host header
  bool operator==(const Address&) const = default;
};

// `path` may have characters that a URL must not.
std::string percent_encoded(const std::string& text);

// GET. An answer that is not 2xx is an error with the server's own sentence.
Result<nlohmann::json> get(const Address& server, const std::string& path,
                           std::chrono::milliseconds patience);

// The sentence of an error says that the server was not reached, or did not answer.
bool is_unreached(const std::string& error);

class Console {
 public:
  static Result<std::unique_ptr<Console>> open(const Address& server,
                                               std::chrono::milliseconds patience);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Sends a command and waits for its ack, which is the answer; `id` is put in here.
  Result<nlohmann::json> command(nlohmann::json message, std::chrono::milliseconds patience);

  // The next message that is no answer ("event", "state", "resync"); nothing: interrupted.
  Result<std::optional<nlohmann::json>> next();

  static void interrupt();  // ends a next() that waits, and every later one

 private:
  struct Parts;
  explicit Console(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace parley::cli
