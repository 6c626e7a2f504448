// line: a caller's end of the wire: RTP over UDP, plain or SRTP, or a provider's media stream.
//
// What arrives carries the kernel's receive time stamp, so that the generator's own scheduling does
// not count.
//
// Threads: one after the other.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/base/clock.hpp"
#include "plugins/rtp/srtp.hpp"
#include "tools/bench/frames.hpp"

namespace parley::bench {

Nanos wall();  // the clock of the kernel's time stamps

struct Arrival {
  std::optional<std::int64_t> number{};  // what is missing was lost; nothing: the wire doesn't say
  Nanos at{0};
  std::span<const std::uint8_t> payload{};
};

class Line {
 public:
  using OnArrival = std::function<void(const Arrival&)>;

  virtual ~Line() = default;
  // What is to be read as soon as something is there; -1: nothing is, for the kernel notes when it
  // came.
  virtual int descriptor() const = 0;
  virtual bool send(const Frame& frame) = 0;              // the next 20 ms; false: it was not taken
  virtual void receive(const OnArrival& on_arrival) = 0;  // all that is there
};

// Where an RTP line's packets go, and how.
struct RtpTarget {
  std::uint16_t port = 0;  // on 127.0.0.1
  std::uint8_t payload_type = 0;
  std::uint32_t timestamp_step = 160;
  std::shared_ptr<Srtp> srtp{};  // empty: plain
};

class RtpLine final : public Line {
 public:
  RtpLine();  // bound to a free port of 127.0.0.1; throws
  ~RtpLine() override;
  RtpLine(const RtpLine&) = delete;
  RtpLine& operator=(const RtpLine&) = delete;

  std::uint16_t port() const { return port_; }
  void aim(RtpTarget target) { target_ = std::move(target); }

  int descriptor() const override { return -1; }
  bool send(const Frame& frame) override;
  void receive(const OnArrival& on_arrival) override;

 private:
  void take(std::span<std::uint8_t> packet, Nanos at, const OnArrival& on_arrival);

  int fd_;
  std::uint16_t port_ = 0;
  RtpTarget target_{};
  std::uint16_t sequence_ = 0;
  std::uint32_t timestamp_ = 0;
  bool any_ = false;
  std::uint32_t ssrc_ = 0;
  std::uint16_t last_ = 0;
  std::int64_t newest_ = 0;  // its number
};

// Twilio's end of a media stream: plays what it gets at its pace and echoes marks.
class StreamLine final : public Line {
 public:
  // Opens ws://`address`/media/twilio and starts; throws.
  StreamLine(const std::string& address, std::size_t number);
  ~StreamLine() override;
  StreamLine(const StreamLine&) = delete;
  StreamLine& operator=(const StreamLine&) = delete;

  int descriptor() const override { return fd_; }
  bool send(const Frame& frame) override;
  void receive(const OnArrival& on_arrival) override;

 private:
  void say(const std::string& event, const std::string& body);
  void write(std::string_view text);
  void flush();
  void take_messages(Nanos at, const OnArrival& on_arrival);
  void take(std::string_view text, Nanos at, const OnArrival& on_arrival);
  void play();
  void echo_marks();

  int fd_;
  const std::string id_;
  std::string in_, out_;
  std::uint64_t sequence_ = 0, chunk_ = 0;
  std::deque<std::string> buffer_;  // to be played: empty: 20 ms; else a mark's name
};

// What lies in a socket, read in one go, each with the kernel's time stamp (SO_TIMESTAMPNS).
struct Stamped {
  std::array<std::uint8_t, 2048> bytes;
  std::size_t size;
  Nanos at;
};
constexpr std::size_t places = 4;
std::size_t receive_stamped(int fd, std::span<Stamped, places> into);  // how many; less: no more

}  // namespace parley::bench
