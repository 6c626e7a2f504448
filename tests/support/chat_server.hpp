// chat_server: an HTTP server on loopback that answers as it is told, faults included: for clients
// of OpenAI-compatible endpoints. Real sockets, a thread a connection.
//
// Threads: all functions from any.
#pragma once

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/base/guarded.hpp"

namespace parley::test {

struct ServerReply {
  enum class Then { close, hang, reset, next };  // next: the connection stays for another request
  std::string bytes{};
  std::size_t piece = 0;  // bytes a write; 0: all at once
  Then then = Then::close;
};

// The body of an event stream: each text becomes "data: ...", "[DONE]" is not added.
std::string events(const std::vector<std::string>& data, std::string_view line_end = "\n");
// A chunk that says `text`.
std::string text_chunk(std::string_view text);
// A whole answer: status line, headers and the stream, ended by closing.
ServerReply stream_reply(const std::string& body, std::size_t piece = 0);
// The same with Transfer-Encoding: chunked, so that the connection can stay.
ServerReply chunked_reply(const std::string& body);
ServerReply error_reply(int status, const std::string& body = "", const std::string& headers = "");

class ChatServer {
 public:
  // The n-th request gets the n-th reply, the last one again and again.
  explicit ChatServer(std::vector<ServerReply> replies);
  ~ChatServer();
  ChatServer(const ChatServer&) = delete;
  ChatServer& operator=(const ChatServer&) = delete;

  std::string url() const;                    // "http://127.0.0.1:PORT/v1"
  std::vector<std::string> requests() const;  // as they came, headers and body
  int connections() const { return connections_; }
  void wait_for_disconnect();  // until a client has left a connection that hangs; 20 s at most

 private:
  struct State {
    std::vector<std::string> requests;
    std::vector<std::jthread> threads;
  };
  void accept_all(std::stop_token stop);
  void serve(int fd, std::stop_token stop);
  bool read_request(int fd, std::string& request);
  void hang(int fd, std::stop_token stop);

  const std::vector<ServerReply> replies_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  Guarded<State> state_;
  std::counting_semaphore<> left_{0};  // clients that left a connection that hung
  std::jthread acceptor_;
};

// The URL of a port where nobody listens.
std::string closed_port_url();

}  // namespace parley::test
