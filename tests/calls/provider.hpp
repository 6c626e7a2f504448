// provider: a telephony provider's side of a media stream in virtual time, as Twilio's and Telnyx's
// documents describe it: buffers what it is sent, plays 20 ms at a time, echoes marks when what
// came before has been played, and all of them at once at a clear.
//
// Its other side is a PacketPort, so that a scripted caller can be the person on the telephone.
//
// Threads: the virtual loop's.
#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "engine/media_stream/session.hpp"
#include "plugins/dsp/rate_changer.hpp"
#include "tests/calls/conversation.hpp"

namespace parley::test {

class Provider final : public PacketPort, public std::enable_shared_from_this<Provider> {
 public:
  struct Options {
    const media_stream::Dialect* dialect = &media_stream::twilio;
    Nanos network = 40ms;  // one way
    Nanos buffer = 0ms;    // of audio before it begins to play
    std::string agent{};   // of the path
    nlohmann::json parameters = nlohmann::json::object();
    bool echoes = true;
    unsigned l16_rate = 0;        // L16 of that rate on the socket; 0: mu-law
    bool low_byte_first = false;  // of L16
    bool swaps = false;           // every other two frames arrive in the wrong order
  };

  Provider(VirtualEngine& engine, Options options);
  void open();                           // connected and start
  void say(const nlohmann::json& body);  // an event of this stream, with its sequence number
  void say_raw(const std::string& text);
  void stop();        // the caller hung up
  void disconnect();  // the socket breaks

  // The telephone: RTP in mu-law.
  void receive(Receiver receiver) override { receiver_ = std::move(receiver); }
  bool send(std::span<const std::uint8_t> packet, const Address& to) override;
  Address local() const override { return {0x0a000002, 4000}; }
  std::uint64_t unsent() const override { return 0; }

  int close_code = 0;  // what the engine closed with
  std::string close_reason;
  std::vector<std::string> wrong;  // messages no document describes
  std::size_t media = 0, marks = 0, clears = 0, cleared_ms = 0;
  std::size_t longest_ms = 0;  // that its buffer was
  std::size_t played_ms = 0;

 private:
  struct Item {
    std::vector<std::uint8_t> codes{};
    std::string mark{};
  };
  bool is_twilio() const { return options_.dialect == &media_stream::twilio; }
  void deliver(const std::string& text);  // to the engine, after the network
  void take(const nlohmann::json& message);
  void echo(const std::string& mark);
  void tick();
  std::size_t buffered_ms() const;
  void frame(std::span<const std::uint8_t> codes);
  std::vector<std::uint8_t> on_the_socket(std::span<const std::uint8_t> codes);
  std::vector<std::uint8_t> codes_of(std::span<const std::uint8_t> payload);

  VirtualEngine& engine_;
  const Options options_;
  std::unique_ptr<media_stream::Session> session_;
  Receiver receiver_;
  std::deque<Item> buffer_;
  std::string held_;  // a frame that is overtaken by the next
  RateChanger to_socket_, from_socket_;
  std::uint64_t sequence_ = 0, chunk_ = 0, heard_ = 0;
  bool playing_ = false, over_ = false;
};

}  // namespace parley::test
