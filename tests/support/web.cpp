#include "tests/support/web.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "tools/lib/socket_address.hpp"

namespace parley::test {
namespace {

constexpr timeval patience = {.tv_sec = 60, .tv_usec = 0};

std::string lower(std::string text) {
  for (char& c : text) c = char(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The head of an answer: its status and headers; what follows it stays in `rest`.
HttpAnswer read_head(Socket& socket, std::string& rest) {
  std::size_t end;
  while ((end = rest.find("\r\n\r\n")) == std::string::npos) {
    const auto more = socket.read_some();
    if (more.empty()) return {};
    rest += more;
  }
  HttpAnswer answer;
  const std::string head = rest.substr(0, end + 2);
  rest.erase(0, end + 4);
  answer.status = std::stoi(head.substr(head.find(' ') + 1));
  for (auto at = head.find("\r\n") + 2; at < head.size();) {
    const auto line_end = head.find("\r\n", at), colon = head.find(':', at);
    auto value = head.substr(colon + 1, line_end - colon - 1);
    value.erase(0, value.find_first_not_of(' '));
    answer.headers[lower(head.substr(at, colon - at))] = value;
    at = line_end + 2;
  }
  return answer;
}

}  // namespace

Socket::Socket(const std::string& address, int receive_bytes)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const auto to = socket_address(address);
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int yes = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (receive_bytes) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

bool Socket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(std::size_t(n));
  }
  return true;
}

std::string Socket::read_some() {
  std::string bytes(65'536, '\0');
  const auto n = recv(fd_, bytes.data(), bytes.size(), 0);
  bytes.resize(n > 0 ? std::size_t(n) : 0);
  return bytes;
}

std::string Socket::read_to_end() {
  std::string all;
  for (auto more = read_some(); !more.empty(); more = read_some()) all += more;
  return all;
}

HttpAnswer http_raw(Socket& socket, std::string_view request, bool head) {
  socket.send(request);
  std::string rest;
  auto answer = read_head(socket, rest);
  if (head || !answer.headers.contains("content-length")) return answer;
  const auto length = std::stoul(answer.headers["content-length"]);
  while (rest.size() < length) {
    const auto more = socket.read_some();
    if (more.empty()) break;
    rest += more;
  }
  answer.body = rest;
  return answer;
}

HttpAnswer http(const std::string& address, const std::string& method, const std::string& path,
                const std::string& headers, const std::string& body) {
  Socket socket(address);
  std::string request = fmt::format("{} {} HTTP/1.1\r\n{}", method, path, headers);
  if (lower(headers).find("host:") == std::string::npos)
    request += fmt::format("Host: {}\r\n", address);
  if (!body.empty()) request += fmt::format("Content-Length: {}\r\n", body.size());
  return http_raw(socket, request + "\r\n" + body, method == "HEAD");
}

WebSocket::WebSocket(const std::string& address, const std::string& headers,
                     const std::string& path, int receive_bytes)
    : socket_(address, receive_bytes) {
  std::string request = fmt::format(
      "GET {} HTTP/1.1\r\n{}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
      "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
      path, headers);
  if (lower(headers).find("host:") == std::string::npos)
    request += fmt::format("Host: {}\r\n", address);
  socket_.send(request + "\r\n");
  opening_ = read_head(socket_, buffer_);
  if (opening_.status == 101 || !opening_.headers.contains("content-length")) return;
  const auto length = std::stoul(opening_.headers["content-length"]);
  fill(length);
  opening_.body = buffer_.substr(0, length);
}

bool WebSocket::send_frame(int opcode, std::string_view payload, bool final) {
  std::string frame;
  frame += char((final ? 0x80 : 0) | opcode);
  if (payload.size() < 126) {
    frame += char(0x80 | payload.size());
  } else if (payload.size() < 65'536) {
    frame += char(0x80 | 126);
    frame += char(payload.size() >> 8);
    frame += char(payload.size() & 0xff);
  } else {
    frame += char(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      frame += char((std::uint64_t(payload.size()) >> shift) & 0xff);
  }
  frame += std::string(4, '\0');  // a mask of zeros changes nothing
  return socket_.send(frame + std::string(payload));
}

bool WebSocket::fill(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    const auto more = socket_.read_some();
    if (more.empty()) return false;
    buffer_ += more;
  }
  return true;
}

std::optional<nlohmann::json> WebSocket::next() {
  while (fill(2)) {
    const auto byte = [&](std::size_t i) { return std::uint64_t(std::uint8_t(buffer_[i])); };
    const int opcode = int(byte(0) & 0xf);
    std::uint64_t length = byte(1) & 0x7f;
    std::size_t head = 2;
    if (length >= 126) {
      head = length == 126 ? 4 : 10;
      if (!fill(head)) return {};
      length = 0;
      for (std::size_t i = 2; i < head; ++i) length = length << 8 | byte(i);
    }
    if (!fill(head + length)) return {};
    const auto payload = buffer_.substr(head, length);
    buffer_.erase(0, head + length);
    if (opcode == 0x8) {
      if (payload.size() >= 2)
        close_code_ = std::uint8_t(payload[0]) << 8 | std::uint8_t(payload[1]);
      return {};
    }
    if (opcode == 0x1) return nlohmann::json::parse(payload, nullptr, false);
  }
  return {};
}

nlohmann::json WebSocket::ask(const nlohmann::json& command) {
  if (!send(command)) return nullptr;
  while (auto message = next())
    if ((*message)["type"] == "ack" || (*message)["type"] == "error") return *message;
  return nullptr;
}

}  // namespace parley::test
