// stream: what the messages of one media stream mean, in their order: a state and rules, no socket.
//
//   connected? -> start -> media, dtmf, mark ... -> stop
//
// A message that is wrong in itself is dropped and counted; too many of them, or messages in an
// order that cannot be meant, end the stream with a close code and a sentence. Events nobody knows
// are counted: providers add some.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/media_stream/byte_order.hpp"
#include "engine/media_stream/message.hpp"
#include "engine/media_stream/stamps.hpp"
#include "plugins/rtp/codec.hpp"

namespace parley::media_stream {

// What carries the stream's format over RTP; null: it is not one that is taken.
const rtp::Codec* codec_of(const Start& start);

struct Started {
  Start start{};
  const rtp::Codec* codec = nullptr;
};
struct Audio {
  std::vector<std::uint8_t> packet{};  // RTP
  bool swapped = false;  // the provider has the low byte of a sample first, and wants it so
};
struct Key {
  char digit = 0;
};
struct Played {
  std::uint64_t mark = 0;
};
struct Stopped {};
struct Fault {
  int code = 1002;  // RFC 6455, 7.4.1
  std::string reason{};
};
using Heard = std::variant<Started, Audio, Key, Played, Stopped, Fault>;

class Stream {
 public:
  static constexpr std::uint64_t mistakes_max = 100;

  struct Counters {
    std::uint64_t messages = 0;
    std::uint64_t malformed = 0;     // dropped
    std::uint64_t out_of_order = 0;  // by sequence number; taken all the same
    std::uint64_t ignored = 0;       // other tracks, events and marks that are not ours
    std::uint64_t complaints = 0;    // of the provider, about us
  };

  explicit Stream(const Dialect& dialect) : dialect_(dialect) {}

  std::optional<Heard> take(std::string_view text);
  bool waiting() const { return state_ == State::waiting; }  // for start
  const Counters& counters() const { return counters_; }
  const std::string& last_mistake() const { return last_mistake_; }

 private:
  enum class State { waiting, running, over };

  std::optional<Heard> on(const Connected&) { return {}; }
  std::optional<Heard> on(Start& start);
  std::optional<Heard> on(const Media& media);
  std::optional<Heard> on(const Dtmf& dtmf) { return Key{dtmf.digit}; }
  std::optional<Heard> on(const Mark& mark);
  std::optional<Heard> on(const Stop&);
  std::optional<Heard> on(const Complaint& complaint);
  std::optional<Heard> on(const Unknown&);
  std::optional<Heard> mistake(std::string what);
  std::optional<Heard> fault(int code, std::string reason);
  void note_sequence(std::uint64_t sequence);

  const Dialect& dialect_;
  State state_ = State::waiting;
  std::string id_;
  const rtp::Codec* codec_ = nullptr;
  Stamps stamps_;
  ByteOrder order_;  // of L16
  std::uint64_t last_sequence_ = 0;
  Counters counters_;
  std::string last_mistake_;
};

}  // namespace parley::media_stream
