// port: a media stream as the port of a call: frames of the WebSocket come out as RTP, RTP goes in
// and leaves as messages. The pipeline does not know the difference; jitter buffer, concealment and
// timeline are those of every call.
//
// The far end buffers what it is sent and echoes marks, so it is a BufferingEnd too.
//
// Threads: give() and over() from any, in their order; the rest on the call's loop. What waits for
// the loop is bounded by 256 inputs (5 s of audio); what finds it full is dropped and counted.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "engine/base/guarded.hpp"
#include "engine/base/mailbox.hpp"
#include "engine/media_stream/stream.hpp"
#include "plugins/rtp/call_media.hpp"

namespace parley::media_stream {

// The WebSocket. Both from any thread, and at once.
struct Wire {
  // False: what waits to be sent is too much, and this was dropped. `urgent`: a mark or a clear,
  // for which there is room when there is none for audio.
  std::function<bool(std::string text, bool urgent)> send{};
  std::function<void(int code, const std::string& reason)> close{};
};

// Why a stream is over.
struct Over {
  bool stopped = false;  // by the provider, in so many words: the caller has hung up
  std::string detail{};
};

using Input = std::variant<Audio, Key, Played>;

class Port final : public PacketPort,
                   public BufferingEnd,
                   public std::enable_shared_from_this<Port> {
 public:
  static constexpr std::size_t inputs_max = 256;
  static constexpr unsigned key_ms = 100;  // providers do not say how long a key was down

  Port(LoopRef loop, Wire wire, const Dialect& dialect, const Started& started, Address local,
       Address far);

  // From the socket.
  void give(Input input);
  void over(Over over);

  // For the call.
  void attach(std::weak_ptr<CallMedia> media, std::function<void(const Over&)> on_over);
  void close(int code, const std::string& reason) { wire_.close(code, reason); }
  const rtp::Codec& codec() const { return codec_; }
  const Address& far() const { return far_; }
  std::uint64_t refused() const { return inputs_.refused(); }

  // PacketPort
  void receive(Receiver receiver) override;
  bool send(std::span<const std::uint8_t> packet, const Address& to) override;
  Address local() const override { return local_; }
  std::uint64_t unsent() const override { return unsent_; }

  // BufferingEnd
  void mark(std::uint64_t id) override { unsent_ += !wire_.send(writer_.mark(id), true); }
  void clear() override { unsent_ += !wire_.send(writer_.clear(), true); }

 private:
  void wake();
  void drain();
  void take(const Audio& audio);
  void take(const Key& key);
  void take(const Played& played);

  const LoopRef loop_;
  const Wire wire_;
  const Writer writer_;
  const rtp::Codec& codec_;
  const Address local_, far_;
  std::atomic<bool> asleep_ = false;  // the loop's mailbox was full when it was to be woken
  Mailbox<Input> inputs_;
  Guarded<std::optional<Over>> over_;

  std::weak_ptr<CallMedia> media_;
  std::function<void(const Over&)> on_over_;
  std::shared_ptr<Receiver> receiver_;
  std::uint64_t unsent_ = 0;
  std::vector<std::uint8_t> other_order_;  // of a packet that leaves
  bool swapped_ = false;                   // the provider's L16 has the low byte first
};

}  // namespace parley::media_stream
