#include "tests/support/chat_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "engine/base/assert.hpp"

namespace parley::test {
namespace {

constexpr int poll_ms = 20;

std::pair<int, int> listen_on_loopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  PARLEY_ASSERT(fd >= 0 && bind(fd, generic, size) == 0 && listen(fd, 64) == 0);
  PARLEY_ASSERT(getsockname(fd, generic, &size) == 0);
  return {fd, ntohs(address.sin_port)};
}

bool readable(int fd) {
  pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&p, 1, poll_ms) > 0;
}

void send_all(int fd, std::string_view bytes, std::size_t piece) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  while (!bytes.empty()) {
    const auto size = piece ? std::min(piece, bytes.size()) : bytes.size();
    const auto sent = send(fd, bytes.data(), size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(std::size_t(sent));
  }
}

void reset_on_close(int fd) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

}  // namespace

std::string events(const std::vector<std::string>& data, std::string_view line_end) {
  std::string all;
  for (const auto& d : data) all += fmt::format("data: {}{}{}", d, line_end, line_end);
  return all;
}

std::string text_chunk(std::string_view text) {
  return fmt::format(
      R"({{"object":"chat.completion.chunk","choices":[{{"index":0,"delta":{{"content":"{}"}},"finish_reason":null}}]}})",
      text);
}

ServerReply stream_reply(const std::string& body, std::size_t piece) {
  return {
      .bytes =
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body,
      .piece = piece};
}

ServerReply chunked_reply(const std::string& body) {
  return {.bytes = fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                               body.size(), body),
          .then = ServerReply::Then::next};
}

ServerReply error_reply(int status, const std::string& body, const std::string& headers) {
  return {.bytes = fmt::format(
              "HTTP/1.1 {} No\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}",
              status, headers, body.size(), body),
          .then = ServerReply::Then::next};
}

std::string closed_port_url() {
  const auto [fd, port] = listen_on_loopback();
  close(fd);
  return fmt::format("http://127.0.0.1:{}/v1", port);
}

ChatServer::ChatServer(std::vector<ServerReply> replies) : replies_(std::move(replies)) {
  std::tie(listener_, port_) = listen_on_loopback();
  acceptor_ = std::jthread([this](std::stop_token stop) { accept_all(stop); });
}

ChatServer::~ChatServer() {
  acceptor_.request_stop();
  acceptor_.join();
  auto threads = state_.with([](State& s) { return std::exchange(s.threads, {}); });
  threads.clear();  // asks each to stop and joins it
  close(listener_);
}

std::string ChatServer::url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }

std::vector<std::string> ChatServer::requests() const {
  return state_.with([](const State& s) { return s.requests; });
}

void ChatServer::wait_for_disconnect() { (void)left_.try_acquire_for(std::chrono::seconds(20)); }

void ChatServer::accept_all(std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (!readable(listener_)) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++connections_;
    std::jthread thread([this, fd](std::stop_token s) { serve(fd, s); });
    state_.with([&](State& s) { s.threads.push_back(std::move(thread)); });
  }
}

void ChatServer::serve(int fd, std::stop_token stop) {
  std::string request;
  while (!stop.stop_requested()) {
    if (!readable(fd)) continue;
    if (!read_request(fd, request)) break;
    const auto number = state_.with([&](State& s) {
      s.requests.push_back(std::exchange(request, {}));
      return s.requests.size() - 1;
    });
    const auto& reply = replies_[std::min(number, replies_.size() - 1)];
    send_all(fd, reply.bytes, reply.piece);
    if (reply.then == ServerReply::Then::hang) hang(fd, stop);
    if (reply.then == ServerReply::Then::reset) reset_on_close(fd);
    if (reply.then != ServerReply::Then::next) break;
  }
  close(fd);
}

// False: the client has left.
bool ChatServer::read_request(int fd, std::string& request) {
  for (;;) {
    const auto head = request.find("\r\n\r\n");
    if (head != std::string::npos) {
      const auto field = request.find("Content-Length: ");
      const auto length =
          field < head ? std::strtoul(request.c_str() + field + 16, nullptr, 10) : 0;
      if (request.size() >= head + 4 + length) return true;
    }
    char bytes[4096];
    const auto got = recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    request.append(bytes, std::size_t(got));
  }
}

void ChatServer::hang(int fd, std::stop_token stop) {
  char byte;
  while (!stop.stop_requested())
    if (readable(fd) && recv(fd, &byte, 1, 0) <= 0) {
      left_.release();
      return;
    }
}

}  // namespace parley::test
