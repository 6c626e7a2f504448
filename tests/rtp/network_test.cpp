// The jitter buffer and the receiver over bad networks, five minutes each: what is lost that came,
// what is made up for nothing, how long packets are kept. Prints the table it asserts.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <numeric>

#include "plugins/rtp/g711.hpp"
#include "plugins/rtp/receiver.hpp"
#include "tests/rtp/network.hpp"

using namespace parley;
using test::Impairment;

namespace {

constexpr int packets = 5 * 60 * 50;
constexpr Address caller{0x0a000001, 4000};

struct Row {
  Impairment net;
  double most_late;     // percent of what came
  double most_added;    // ms, mean over what came
  double most_made_up;  // percent of the time, beyond what was lost
};

const Row rows[] = {
    {{.name = "even"}, 0, .1, 0},
    {{.name = "jitter 20 ms", .jitter_ms = 20}, .5, 1, .5},
    {{.name = "jitter +-20 ms", .jitter_ms = 40}, .5, 1, .5},
    {{.name = "jitter +-20 ms, overtaking", .jitter_ms = 40, .fifo = false}, .5, 20, .5},
    {{.name = "jitter 80 ms", .jitter_ms = 80}, .5, 1, .5},
    {{.name = "1 % loss", .loss_percent = 1}, .5, 1, 0},
    {{.name = "5 % loss, jitter 20 ms", .loss_percent = 5, .jitter_ms = 20}, .5, 5, .5},
    {{.name = "10 % loss in bursts of 4", .loss_percent = 10, .burst = 4}, .5, 5, 0},
    {{.name = "30 % loss", .loss_percent = 30}, .5, 10, 0},
    {{.name = "30 % loss, jitter +-20 ms, overtaking",
      .loss_percent = 30,
      .jitter_ms = 40,
      .fifo = false},
     .5,
     30,
     .5},
    {{.name = "2 % come 25 ms late", .reorder_percent = 2}, .5, 5, .5},
    {{.name = "2 % twice", .duplicate_percent = 2}, 0, .1, 0},
    {{.name = "stalls of 200 ms", .stall_ms = 200}, .5, 1, .7},
    {{.name = "silence not sent", .jitter_ms = 20, .silence_percent = 40}, .5, 1, .5},
    {{.name = "slow clock, 300 ppm", .jitter_ms = 20, .skew_ppm = 300}, .5, 1, .5},
    {{.name = "fast clock, 300 ppm", .jitter_ms = 20, .skew_ppm = -300}, .5, 1, .5},
};

// What a buffer of one network did.
struct Seen {
  std::uint64_t late = 0, lost = 0, came = 0;
  double added_ms = 0, longest_ms = 0;
};

Seen through_buffer(const test::Traffic& traffic) {
  rtp::JitterBuffer buffer;
  Seen seen;
  std::vector<Nanos> arrived(traffic.sent.size(), Nanos(-1));
  int last = -1;
  const auto drain = [&](Nanos now) {
    while (const auto out = buffer.next(now)) {
      if (out->lost) continue;
      const int number = int((out->packet.timestamp - 0xffff0000u) / 160);
      REQUIRE(number > last);  // in order, once
      last = number;
      const double kept = to_us(now - arrived[std::size_t(number)]) / 1000.0;
      seen.added_ms += kept;
      seen.longest_ms = std::max(seen.longest_ms, kept);
      ++seen.came;
    }
  };
  for (const auto& a : traffic.arrivals) {
    while (buffer.deadline() && *buffer.deadline() <= a.at) drain(*buffer.deadline());
    if (arrived[std::size_t(a.number)] < Nanos(0)) arrived[std::size_t(a.number)] = a.at;
    buffer.put({.sequence = a.sequence, .timestamp = a.timestamp, .ssrc = 1}, a.at);
    drain(a.at);
  }
  seen.added_ms /= double(seen.came);
  seen.late = buffer.counters().late;
  seen.lost = buffer.counters().lost;
  return seen;
}

// The whole receiver: the voice is a second of speech, then a second of quiet.
struct Listening : rtp::Receiver::Listener {
  rtp::Receiver receiver{*this, *rtp::PayloadMap::parse("0=PCMU/8000,101=telephone-event/8000")};
  Nanos now{0}, end{0};
  int leaps = 0;
  double longest_lead_ms = 0;

  void on_audio(Nanos at, std::span<const std::int16_t> samples, unsigned, bool leap) override {
    if (!leap) REQUIRE(at == end);
    leaps += leap;
    end = at + 125us * std::int64_t(samples.size());
  }
  void on_key(const KeyPress&) override {}
  void on_source(const Address&) override {}
  void on_first(const Address&, int) override {}

  void hear(const test::Traffic& traffic) {
    std::vector<std::uint8_t> bytes(rtp::header_size + 160);
    std::vector<std::uint8_t> loud(160, g711::encode(g711::Law::mu, 3000)),
        quiet(160, g711::encode(g711::Law::mu, 0));
    for (const auto& a : traffic.arrivals) {
      while (receiver.deadline() && *receiver.deadline() <= a.at) {
        now = std::max(now, *receiver.deadline());
        receiver.tick(now);
      }
      now = a.at;
      rtp::write({.sequence = a.sequence,
                  .timestamp = a.timestamp,
                  .ssrc = 1,
                  .payload = a.number / 50 % 2 ? quiet : loud},
                 bytes);
      receiver.packet(bytes, caller, caller, now);
      longest_lead_ms = std::max(longest_lead_ms, to_us(end - now) / 1000.0);
    }
  }
};

}  // namespace

TEST_CASE("network: what came is hardly ever late, and hardly ever kept") {
  fmt::print("{:40} {:>8} {:>8} {:>10} {:>10} {:>10} {:>10}\n", "network, 5 minutes", "lost %",
             "late %", "kept, ms", "most, ms", "made up %", "lead, ms");
  for (unsigned seed = 1; seed <= 2; ++seed)
    for (const auto& row : rows) {
      CAPTURE(row.net.name);
      CAPTURE(seed);
      const auto traffic = test::make_traffic(row.net, packets, seed);
      const auto seen = through_buffer(traffic);
      Listening ear;
      ear.hear(traffic);
      const auto counters = ear.receiver.counters();
      const auto sent = double(std::count(traffic.sent.begin(), traffic.sent.end(), true));
      const auto missing =
          sent - double(std::count(traffic.came.begin(), traffic.came.end(), true));
      const double came = sent - missing;
      const double late = 100 * double(counters.late) / came;
      const double made_up = 100 * (double(counters.concealed_ms) / 20 - missing) / sent;
      if (seed == 1)
        fmt::print("{:40} {:8.2f} {:8.3f} {:10.2f} {:10.1f} {:10.3f} {:10.1f}\n", row.net.name,
                   100 * missing / sent, late, seen.added_ms, seen.longest_ms, made_up,
                   ear.longest_lead_ms);
      CHECK(late <= row.most_late);
      CHECK(100 * double(seen.late) / came <= row.most_late);
      CHECK(seen.added_ms <= row.most_added);
      CHECK(seen.longest_ms <= 100.1);
      CHECK(made_up <= row.most_made_up);
      CHECK(ear.leaps == 1);
      CHECK(ear.longest_lead_ms < 260);
    }
}

TEST_CASE("network: another stream in mid call is heard from its second packet on") {
  Listening ear;
  auto first = test::make_traffic({.jitter_ms = 20}, 500, 1);
  ear.hear(first);
  const auto before = ear.receiver.counters();
  test::Traffic second = test::make_traffic({.jitter_ms = 20, .first_sequence = 9}, 1000, 2);
  std::erase_if(second.arrivals, [](const auto& a) { return a.number < 510; });
  std::vector<std::uint8_t> bytes(rtp::header_size + 160);
  const Nanos start = ear.end;
  for (const auto& a : second.arrivals) {
    rtp::write({.sequence = a.sequence, .timestamp = a.timestamp * 3, .ssrc = 9}, bytes);
    ear.receiver.packet(bytes, caller, caller, a.at);
    ear.now = a.at;
  }
  CHECK(ear.receiver.counters().received - before.received == second.arrivals.size() - 1);
  CHECK(ear.end - start > 9s);
}
