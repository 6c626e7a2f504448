// An hour of a call, through the elements, recorded.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "plugins/record/recorder.hpp"
#include "plugins/rtp/g711.hpp"
#include "tests/record/support.hpp"
#include "tests/support/harness.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace parley;
using namespace parley::test;

namespace {

// An hour of RTP from a caller with a fast or slow clock, over an uneven network, through the
// elements of a call.
struct RtpHour {
  RtpHour(double ppm, int jitter_ms) : folder(), path(folder / "hour.wav") {
    auto wire = std::pair<std::shared_ptr<PacketPort>, std::shared_ptr<PacketPort>>{};
    Harness::Options options;
    options.prepare = [&](const LoopRef& loop, CallMedia& call) {
      wire = make_wire(loop, {0x0a000001, 4000}, {0x0a000002, 4000});
      call.port = wire.first;
      call.remote = {0x0a000002, 4000};
    };
    Harness h("parleyingress ! parleyvad ! parleyrecord path=" + path, options);
    gst_harness_play(h.get());
    h.advance({});
    std::mt19937 random(7);
    Nanos came{0};
    const Nanos packet(std::int64_t(20e6 / (1 + ppm * 1e-6)));
    for (std::int64_t n = 0; packet * n < std::chrono::minutes(61); ++n) {
      const Nanos late =
          jitter_ms ? Nanos(1us) * int(random() % unsigned(jitter_ms * 1000)) : Nanos(0);
      came = std::max(came, packet * (n + 1) + late);
      h.advance(came - h.loop().now());
      std::vector<std::int16_t> frame(160);
      if (packet * n >= std::chrono::minutes(1) * std::int64_t(clicks.size() + 1)) {
        frame[40] = 30000;
        clicks.push_back(packet * n + 5ms);
      }
      Gate gate(h.loop());
      wire.second->send(datagram(std::uint32_t(n), frame), {0x0a000001, 4000});
      if (n % 100 == 0) h.audio();
    }
  }

  static std::vector<std::uint8_t> datagram(std::uint32_t n, std::span<const std::int16_t> frame) {
    std::vector<std::uint8_t> bytes{0x80, 0, std::uint8_t(n >> 8), std::uint8_t(n)};
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(std::uint8_t(n * 160 >> shift));
    bytes.insert(bytes.end(), {0, 0, 0, 7});
    for (const auto s : frame) bytes.push_back(g711::encode(g711::Law::mu, s));
    return bytes;
  }

  // How far the click that is farthest off lies from its place. One that the concealment of a
  // receiver repeats is there twice.
  double worst_ms() {
    while (record::open_recordings() != 0) std::this_thread::yield();
    const auto sound = read_sound(path);
    double worst = 0;
    for (const auto click : clicks) {
      double nearest = 1e9;
      const auto middle = std::int64_t(click / 125us);
      for (auto i = middle - 800; i < middle + 800; ++i)
        if (sound.at(std::size_t(i), 0) > 15000)
          nearest = std::min(nearest, std::abs(double(i) / 8 - double(click.count()) / 1e6));
      worst = std::max(worst, nearest);
    }
    return worst;
  }

  TemporaryFolder folder;
  std::string path;
  std::vector<Nanos> clicks;
};

}  // namespace

TEST_CASE("parleyrecord: an hour of RTP from a skewed clock lies within 20 ms of its time (P12)") {
  struct Case {
    double ppm;
    int jitter_ms;
    double at_most_ms;
  };
  for (const auto& c : {Case{300, 0, 2}, Case{-250, 0, 2}, Case{300, 30, 10}, Case{-300, 30, 10}}) {
    RtpHour hour(c.ppm, c.jitter_ms);
    REQUIRE(hour.clicks.size() == 60);
    const auto worst = hour.worst_ms();
    MESSAGE(c.ppm, " ppm, jitter of ", c.jitter_ms, " ms: at worst ", worst, " ms");
    CHECK(worst < c.at_most_ms);
  }
}
