// web: a small client for tests: HTTP/1.1 and WebSocket by hand, over a blocking socket, so that a
// test can also send what no decent client would. Each wait has a deadline of 10 s.
//
// Threads: the test's.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace parley::test {

class Socket {
 public:
  // `address` is "127.0.0.1:8000"; a small receive buffer makes a slow reader of this end.
  explicit Socket(const std::string& address, int receive_bytes = 0);
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool send(std::string_view bytes);  // false: the other end has closed
  std::string read_some();            // empty: closed, or nothing came in time
  std::string read_to_end();

 private:
  int fd_;
};

struct HttpAnswer {
  int status = 0;  // 0: there was no answer
  std::map<std::string, std::string> headers{};
  std::string body{};
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

// Sends `request` as it is and reads one answer.
HttpAnswer http_raw(Socket& socket, std::string_view request, bool head = false);
// A whole exchange on a connection of its own; `headers` are lines that end in \r\n. Host is the
// address unless `headers` has one.
HttpAnswer http(const std::string& address, const std::string& method, const std::string& path,
                const std::string& headers = "", const std::string& body = "");

class WebSocket {
 public:
  explicit WebSocket(const std::string& address, const std::string& headers = "",
                     const std::string& path = "/api/v1/ws", int receive_bytes = 0);

  int status() const { return opening_.status; }  // 101: open
  const HttpAnswer& opening() const { return opening_; }

  bool send(const nlohmann::json& message) { return send_text(message.dump()); }
  bool send_text(std::string_view text) { return send_frame(0x1, text); }
  bool send_frame(int opcode, std::string_view payload, bool final = true);

  std::optional<nlohmann::json> next();  // the next text message; nothing: closed, or none in time
  nlohmann::json ask(const nlohmann::json& command);  // sends it, skips to its ack or error
  std::optional<int> close_code() const { return close_code_; }

 private:
  bool fill(std::size_t bytes);

  Socket socket_;
  HttpAnswer opening_{};
  std::string buffer_{};
  std::optional<int> close_code_{};
};

}  // namespace parley::test
