// person: a caller who answers what the agent asks: hears each sentence (by the event that it was
// said), thinks for a moment, then speaks or presses keys. Real RTP over the call's wire.
//
// Threads: the virtual loop's.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/testkit/voices.hpp"
#include "tests/support/virtual_engine.hpp"
#include "tools/caller/packet.hpp"

namespace parley::test {

struct Reply {
  std::string words{};  // spoken
  std::string keys{};   // pressed after that
  bool hang_up = false;
};

class Person {
 public:
  using Mind = std::function<Reply(const std::string& asked)>;

  Person(VirtualEngine& engine, std::string voice, Mind mind);
  ~Person();

  bool over() const { return over_; }
  const std::string& call() const { return call_; }
  std::vector<EventPtr> events(const std::string& kind) const;
  std::string slot(const std::string& name) const;  // the value it had last
  std::string end_reason() const;
  std::string story() const;  // what was said and found, for a failure's message

  // Moves time until the call is over; false: `limit` passed first.
  bool live(Nanos limit = std::chrono::minutes(4));

 private:
  void on_event(const EventPtr& event);
  void answer(const std::string& asked);
  void tick();
  void send(std::uint8_t type, bool marker, std::uint32_t timestamp,
            std::span<const std::uint8_t> payload);
  void hang_up();

  static constexpr Nanos thinking = 400ms;

  VirtualEngine& engine_;
  const std::string voice_;
  const Mind mind_;
  const std::size_t first_event_;
  Leg leg_;
  std::string call_;
  bool over_ = false;
  std::shared_ptr<void> subscription_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::deque<std::int16_t> saying_;
  std::string keys_;
  int key_tick_ = 0;
  std::uint32_t key_start_ = 0;
  bool leaving_ = false;
  std::uint16_t sequence_ = 100;
  std::uint32_t timestamp_ = 4000;
};

}  // namespace parley::test
