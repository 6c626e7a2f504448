// The crossing from a socket's thread to a call's loop: order, bound, and the end that comes last.
#include "engine/media_stream/port.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "engine/base/real_loop.hpp"
#include "plugins/rtp/rtp_packet.hpp"

using namespace parley;
using namespace parley::media_stream;

namespace {

constexpr Address here{0x7f000001, 8000}, there{0x0a000002, 443};

std::shared_ptr<Port> make_port(const LoopRef& loop, Wire wire = {}) {
  if (!wire.send) wire.send = [](std::string, bool) { return true; };
  return std::make_shared<Port>(
      loop, std::move(wire), twilio,
      Started{.start = {.stream = "MZ1"}, .codec = rtp::find_fixed_codec(0)}, here, there);
}

Audio numbered(int n) { return {.packet = {std::uint8_t(n >> 8), std::uint8_t(n)}}; }

// Runs `f` on the loop and waits for it.
template <class F>
void on(RealLoop& loop, F f) {
  std::promise<void> done;
  REQUIRE(loop.post([&] {
    f();
    done.set_value();
  }));
  done.get_future().wait();
}

}  // namespace

TEST_CASE(
    "media stream port: frames and marks of a socket's thread reach the loop in their order") {
  const auto loop = RealLoop::make("test-loop");
  loop->start();
  const auto port = make_port(loop);
  const auto media = std::make_shared<CallMedia>();
  std::vector<int> heard;
  std::vector<std::uint64_t> played;
  std::promise<Over> over;
  on(*loop, [&] {
    media->on_played = [&](std::uint64_t mark) { played.push_back(mark); };
    port->attach(media, [&](const Over& o) { over.set_value(o); });
    port->receive([&](std::span<const std::uint8_t> bytes, const Address& from) {
      CHECK(from == there);
      heard.push_back(bytes[0] << 8 | bytes[1]);
    });
  });
  std::jthread socket([&] {
    for (int n = 0; n < 2000; ++n) {
      port->give(numbered(n));
      if (n % 10 == 0) port->give(Played{std::uint64_t(n)});
    }
    port->over({.stopped = true});
    port->over({.detail = "too late"});
  });
  CHECK(over.get_future().get().stopped);
  socket.join();
  // What did not fit was dropped and counted; the rest is there, in order, before the end.
  on(*loop, [&] {
    CHECK(heard.size() + played.size() + port->refused() == 2200);
    CHECK(std::is_sorted(heard.begin(), heard.end()));
    CHECK(std::is_sorted(played.begin(), played.end()));
    CHECK_FALSE(heard.empty());
    port->receive({});
  });
  loop->stop();
}

TEST_CASE("media stream port: what a busy loop does not take is bounded and counted") {
  const auto loop = RealLoop::make("test-loop");  // not started: it takes nothing
  const auto port = make_port(loop);
  for (std::size_t n = 0; n < Port::inputs_max + 50; ++n) port->give(numbered(int(n)));
  CHECK(port->refused() == 50);
  loop->start();
  loop->stop();
}

TEST_CASE("media stream port: RTP goes out as media, marks and clears ahead of nothing") {
  const auto loop = RealLoop::make("test-loop");
  std::vector<std::pair<std::string, bool>> sent;
  bool full = false;
  const auto port = make_port(loop, {.send = [&](std::string text, bool urgent) {
                                sent.emplace_back(std::move(text), urgent);
                                return !full;
                              }});
  std::vector<std::uint8_t> packet(rtp::header_size + 3);
  const std::vector<std::uint8_t> payload{1, 2, 3};
  rtp::write({.payload_type = 0, .payload = payload}, packet);
  CHECK(port->send(packet, there));
  port->mark(7);
  port->clear();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0] ==
        std::pair{std::string(R"({"event":"media","streamSid":"MZ1","media":{"payload":"AQID"}})"),
                  false});
  CHECK(sent[1].second);
  CHECK(sent[2] == std::pair{std::string(R"({"event":"clear","streamSid":"MZ1"})"), true});
  // Telephone events and RTCP have no place in a media stream.
  rtp::write({.payload_type = 101, .payload = payload}, packet);
  CHECK(port->send(packet, there));
  CHECK(sent.size() == 3);
  full = true;
  rtp::write({.payload_type = 0, .payload = payload}, packet);
  CHECK_FALSE(port->send(packet, there));
  CHECK(port->unsent() == 1);
}
