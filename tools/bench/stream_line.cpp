// Twilio Media Streams from the provider's side; what it may hear from Parley is
// engine/media_stream/message.hpp.
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "engine/base/base64.hpp"
#include "tools/bench/line.hpp"
#include "tools/lib/socket_address.hpp"

namespace parley::bench {
namespace {

int connect_to(const std::string& address) {
  const auto to = socket_address(address);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  const std::string why = std::strerror(errno);
  if (fd >= 0) close(fd);
  throw std::runtime_error("a media stream to " + address + ": " + why);
}

}  // namespace

StreamLine::StreamLine(const std::string& address, std::size_t number)
    : fd_(connect_to(address)), id_(fmt::format("MZ{}", number)) {
  out_ = fmt::format(
      "GET /media/twilio HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
      address);
  flush();
  for (char byte; in_.find("\r\n\r\n") == std::string::npos; in_ += byte)
    if (recv(fd_, &byte, 1, 0) != 1) break;
  if (in_.find(" 101 ") == std::string::npos) {
    close(fd_);
    throw std::runtime_error("a media stream was refused: " + in_.substr(0, in_.find('\r')));
  }
  in_.clear();
  write(R"({"event":"connected","protocol":"Call","version":"1.0.0"})");
  say("start", R"({"accountSid":"AC1","callSid":"CA1","tracks":["inbound"],"mediaFormat":)"
               R"({"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}})");
}

StreamLine::~StreamLine() { close(fd_); }

bool StreamLine::send(const Frame& frame) {
  play();
  say("media", fmt::format(R"({{"track":"inbound","chunk":"{}","timestamp":"{}","payload":"{}"}})",
                           chunk_ + 1, chunk_ * 20, frame.base64));
  ++chunk_;
  return true;
}

void StreamLine::say(const std::string& event, const std::string& body) {
  write(fmt::format(R"({{"event":"{}","streamSid":"{}","sequenceNumber":"{}","{}":{}}})", event,
                    id_, ++sequence_, event, body));
}

// A text frame (RFC 6455, 5.2), shorter than 64 KiB; a mask of zeros changes nothing.
void StreamLine::write(std::string_view text) {
  out_ += char(0x81);
  if (text.size() < 126) {
    out_ += char(0x80 | text.size());
  } else {
    out_ += char(0x80 | 126);
    out_ += char(text.size() >> 8);
    out_ += char(text.size() & 0xff);
  }
  out_.append(4, '\0');
  out_ += text;
  flush();
}

void StreamLine::flush() {
  const auto n = ::send(fd_, out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) out_.erase(0, std::size_t(n));
}

void StreamLine::receive(const OnArrival& on_arrival) {
  std::array<Stamped, places> came;
  for (auto n = places; n == places;) {
    n = receive_stamped(fd_, came);
    for (const auto& one : std::span(came).first(n)) {
      if (one.size == 0) return;  // it has hung up
      in_.append(reinterpret_cast<const char*>(one.bytes.data()), one.size);
      take_messages(one.at, on_arrival);
    }
  }
}

void StreamLine::take_messages(Nanos at, const OnArrival& on_arrival) {
  for (;;) {
    const auto byte = [&](std::size_t i) { return std::size_t(std::uint8_t(in_[i])); };
    if (in_.size() < 4) break;
    const bool longer = byte(1) == 126;
    const auto head = longer ? 4U : 2U, size = unsigned(longer ? byte(2) << 8 | byte(3) : byte(1));
    if (in_.size() < head + size) break;
    if ((byte(0) & 0xf) == 1) take(std::string_view(in_).substr(head, size), at, on_arrival);
    in_.erase(0, head + size);
  }
}

void StreamLine::take(std::string_view text, Nanos at, const OnArrival& on_arrival) {
  const auto message = nlohmann::json::parse(text);
  const auto& event = message.at("event").get_ref<const std::string&>();
  if (event == "mark") {
    buffer_.push_back(message.at("mark").at("name"));
  } else if (event == "clear") {
    std::erase(buffer_, std::string());
    echo_marks();
  } else if (event == "media") {
    buffer_.emplace_back();
    const auto payload =
        decode_base64(message.at("media").at("payload").get_ref<const std::string&>());
    if (!payload) throw std::runtime_error("a media stream's payload: " + payload.error());
    on_arrival({.at = at, .payload = *payload});
  }
}

// 20 ms of what came.
void StreamLine::play() {
  echo_marks();
  if (!buffer_.empty()) buffer_.pop_front();
  echo_marks();
}

void StreamLine::echo_marks() {
  for (; !buffer_.empty() && !buffer_.front().empty(); buffer_.pop_front())
    say("mark", fmt::format(R"({{"name":"{}"}})", buffer_.front()));
}

}  // namespace parley::bench
