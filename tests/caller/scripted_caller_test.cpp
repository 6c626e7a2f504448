#include "tools/caller/scripted_caller.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/sim_loop.hpp"

using namespace parley;
using namespace parley::caller;

namespace {

// A port whose other end is the test: it keeps what was sent and hands in what is to be received.
class TestPort final : public PacketPort {
 public:
  explicit TestPort(LoopRef loop) : loop_(std::move(loop)) {}
  void receive(Receiver receiver) override { receiver_ = std::move(receiver); }
  bool send(std::span<const std::uint8_t> packet, const Address&) override {
    sent.emplace_back(loop_->now(), std::vector(packet.begin(), packet.end()));
    return true;
  }
  Address local() const override { return {}; }
  std::uint64_t unsent() const override { return 0; }
  void hand_in(const std::vector<std::uint8_t>& packet) {
    if (receiver_) receiver_(packet, {});
  }
  bool heard() const { return bool(receiver_); }

  std::vector<std::pair<Nanos, std::vector<std::uint8_t>>> sent;

 private:
  LoopRef loop_;
  Receiver receiver_;
};

ProgramRef program(const char* text, Sound sound) {
  const auto script = parse_script(text);
  REQUIRE(bool(script));
  auto made = std::make_shared<Program>();
  made->steps = script->steps;
  for (const auto& step : made->steps)
    made->sounds.push_back(step.what == Do::say ? sound : Sound{});
  return made;
}

Sound tone(int ms) {
  Sound sound(std::size_t(ms) * 8);
  for (std::size_t i = 0; i < sound.size(); ++i)
    sound[i] = std::int16_t(6000 * std::sin(double(i) * 0.5));
  return sound;
}

// The far end: speaks a tone from `from` to `to`, silence else; a packet every 20 ms.
struct FarEnd {
  std::shared_ptr<SimLoop> loop = SimLoop::make();
  std::shared_ptr<TestPort> port = std::make_shared<TestPort>(loop);
  std::vector<Segment> talks;
  Law law = Law::mu;
  std::uint16_t sequence = 100;

  void run(Nanos until) {
    for (Nanos t{0}; t < until; t += 20ms) {
      const Gate gate(*loop);
      loop->at(t, [this, t] {
        bool talk = false;
        for (const auto& s : talks) talk = talk || (s.start <= t && t < s.end);
        const auto audio = talk ? tone(20) : Sound(160);
        std::vector<std::uint8_t> payload;
        for (const auto sample : audio) payload.push_back(encode(law, sample));
        port->hand_in(write_rtp({.payload_type = std::uint8_t(law == Law::a ? 8 : 0),
                                 .sequence = sequence++,
                                 .timestamp = std::uint32_t(to_ms(t) * 8),
                                 .ssrc = 5},
                                payload));
      });
    }
    loop->pump_to(until);
  }
};

}  // namespace

TEST_CASE(
    "scripted caller: an unbroken stream of 20 ms packets, its speech and the answer measured") {
  for (const char* codec : {"PCMU", "PCMA"}) {
    FarEnd far{.talks = {{1000ms, 1600ms}}};
    far.law = codec == std::string("PCMA") ? Law::a : Law::mu;
    int ends = 0;
    std::vector<Do> steps;
    ScriptedCaller caller(far.loop, far.port, {},
                          program("pause 100\nsay hello\nwait agent to finish\nhangup", tone(300)),
                          {.codec = codec, .record = true});
    caller.start([&] { ++ends; }, [&](const Step& step) { steps.push_back(step.what); });
    far.run(4s);
    CHECK(ends == 1);
    CHECK(caller.state() == State::completed);
    CHECK(steps == std::vector{Do::pause, Do::say, Do::wait_finish, Do::hangup});

    REQUIRE(far.port->sent.size() > 100);
    const auto first = parse_rtp(far.port->sent[0].second)->header;
    CHECK(first.marker);
    for (std::size_t i = 0; i < far.port->sent.size(); ++i) {
      CHECK(far.port->sent[i].first == 20ms * int(i + 1));
      const auto packet = parse_rtp(far.port->sent[i].second);
      REQUIRE(packet);
      CHECK(packet->header.sequence == std::uint16_t(first.sequence + i));
      CHECK(packet->header.timestamp == std::uint32_t(first.timestamp + 160 * i));
      CHECK(packet->header.payload_type == (far.law == Law::a ? 8 : 0));
      CHECK(packet->payload.size() == 160);
    }
    REQUIRE(caller.responses().size() == 1);
    CHECK(caller.own_speech().at(0) == Segment{120ms, 400ms});
    CHECK(caller.responses()[0].asked == 400ms);
    CHECK(caller.responses()[0].answered == 1000ms);

    const auto report = nlohmann::json::parse(caller.report());
    CHECK(report["completed"] == true);
    CHECK(report["agent_voiced_ms"] == 600);
    CHECK(report["response_ms"][0] == 600.0);
    CHECK(report["lost"] == 0);

    // The recording: both sides where they were, since the first tick at 20 ms.
    const auto wav = caller.recording().stereo();
    CHECK(wav.channels == 2);
    const auto level = [&](int from_ms, int side) {
      double sum = 0;
      for (int i = 0; i < 160; ++i)
        sum += std::abs(wav.samples.at(std::size_t(2 * (from_ms * 8 + i) + side)));
      return sum / 160;
    };
    CHECK(level(80, 0) < 20);
    CHECK(level(120, 0) > 1000);
    CHECK(level(960, 1) < 20);
    CHECK(level(980, 1) > 1000);
  }
}

TEST_CASE(
    "scripted caller: a key is sent as RFC 4733 events under one timestamp, then audio goes on") {
  FarEnd far;
  ScriptedCaller caller(far.loop, far.port, {}, program("press 9\npause 100\nhangup", {}),
                        {.dtmf_type = 96});
  caller.start([] {});
  far.run(1s);
  const auto& sent = far.port->sent;
  REQUIRE(sent.size() == 15);
  const auto begin = parse_rtp(sent[0].second)->header;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto packet = parse_rtp(sent[i].second);
    CHECK(packet->header.payload_type == 96);
    CHECK(packet->header.marker == (i == 0));
    CHECK(packet->header.timestamp == begin.timestamp);
    REQUIRE(packet->payload.size() == 4);
    CHECK(packet->payload[0] == 9);
    CHECK((packet->payload[1] & 0x80) == (i >= 5 ? 0x80 : 0));
    CHECK(packet->payload[2] * 256 + packet->payload[3] ==
          160 * int(std::min<std::size_t>(i + 1, 5)));
  }
  const auto after = parse_rtp(sent[8].second)->header;
  CHECK(after.payload_type == 0);
  CHECK(after.marker);
  CHECK(after.timestamp == std::uint32_t(begin.timestamp + 8 * 160));

  FarEnd without;
  ScriptedCaller mute(without.loop, without.port, {}, program("press 98\nhangup", {}),
                      {.dtmf_type = {}});
  mute.start([] {});
  without.run(1s);
  CHECK(mute.counts().keys_refused == 2);
}

TEST_CASE(
    "scripted caller: garbage is counted, gaps are counted, and a caller that is gone hears "
    "nothing") {
  FarEnd far{.talks = {{0ms, 2s}}};
  {
    ScriptedCaller caller(far.loop, far.port, {}, program("pause 5 s\nhangup", {}));
    caller.start([] {});
    far.port->hand_in({});
    far.port->hand_in({1, 2, 3});
    far.port->hand_in(write_rtp({.payload_type = 77}, std::vector<std::uint8_t>(160)));
    far.port->hand_in(write_rtp({.sequence = 90}, std::vector<std::uint8_t>(160, 0xff)));
    far.run(100ms);  // 100 to 104
    CHECK(caller.counts().malformed == 3);
    CHECK(caller.counts().received == 6);
    CHECK(caller.counts().lost == 9);
    caller.far_end_gone();
    CHECK(caller.state() == State::failed);
    CHECK(caller.reason() == "line 1: the other side ended the call during 'pause'");
  }
  CHECK_FALSE(far.port->heard());
  const auto sent = far.port->sent.size();
  far.loop->pump_to(10s);
  CHECK(far.port->sent.size() == sent);
}
