// What a call asks malloc for while it runs: a packet in, a packet out, every 20 ms, over what
// GStreamer allocates itself for its buffers.
#include "tests/support/allocations.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "plugins/rtp/payload_map.hpp"
#include "plugins/rtp/rtp_sender.hpp"
#include "plugins/rtp/srtp.hpp"
#include "tests/record/support.hpp"
#include "tests/rtp/voice_signal.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/virtual_engine.hpp"

using namespace parley;
using namespace parley::test;

namespace {

constexpr auto media = R"(
parleyingress name=ingress payload-map=${PAYLOADS_IN} timeout-ms=${TIMEOUT_MS}
  ! parleyvad
  ! parleyegress name=egress payload-map=${PAYLOADS_OUT} ptime=${PTIME}
)";

constexpr auto recorded = R"(
parleyingress name=ingress payload-map=${PAYLOADS_IN} timeout-ms=${TIMEOUT_MS}
  ! parleyvad
  ! parleyrecord name=record path=${RECORDING} format=${RECORDING_FORMAT}
  ! parleyegress name=egress payload-map=${PAYLOADS_OUT} ptime=${PTIME}
)";

// A caller is not answered while they speak; an answer lasts for longer than is measured.
std::string whole_call() {
  std::string sentence = "One";
  for (int i = 1; i < 400; ++i) sentence += i % 8 ? " word" : ", word";
  return fmt::format(R"(
parleyingress name=ingress payload-map=${{PAYLOADS_IN}} timeout-ms=${{TIMEOUT_MS}}
  ! parleyvad hangover-ms=1000
  ! parleystt provider=scripted script="hello there" delay-ms=40
  ! parleyturn name=turn llm=scripted greet=false script="{}." delay-ms=100
  ! parleytts provider=scripted
  ! parleyegress name=egress payload-map=${{PAYLOADS_OUT}} ptime=${{PTIME}} seed=7
)",
                     sentence);
}

// The engine's end of a call's wire. What is sent is counted; what comes is put in by the test.
class Socket final : public PacketPort {
 public:
  explicit Socket(const Address& local) : local_(local) {}
  void receive(Receiver receiver) override { receiver_ = std::move(receiver); }
  bool send(std::span<const std::uint8_t>, const Address&) override {
    ++sent;
    return true;
  }
  Address local() const override { return local_; }
  std::uint64_t unsent() const override { return 0; }
  void arrive(std::span<const std::uint8_t> packet) {
    if (receiver_) receiver_(packet, {0x0a000002, local_.port});
  }

  std::uint64_t sent = 0;

 private:
  const Address local_;
  Receiver receiver_;
};

// The packets of a caller, made beforehand.
class Packets final : rtp::RtpSender::Listener {
 public:
  Packets(const std::string& codec, std::span<const std::int16_t> samples) {
    rtp::RtpSender sender(*this, 1);
    sender.use(*rtp::PayloadMap::parse(codec), 20);
    for (; samples.size() >= 160; samples = samples.subspan(160))
      sender.push(samples.first(160), 8000, true);
  }
  const std::vector<std::uint8_t>& operator[](std::size_t n) const { return all_[n]; }
  std::size_t size() const { return all_.size(); }

 private:
  void on_packet(std::span<const std::uint8_t> bytes) override {
    all_.emplace_back(bytes.begin(), bytes.end());
  }
  std::vector<std::vector<std::uint8_t>> all_;
};

enum class Says { nothing, voice, voice_then_listens };

std::vector<std::int16_t> caller_audio(Says says, int seconds) {
  if (says == Says::voice) return voice_signal(8000, seconds);
  std::vector<std::int16_t> audio(8000u * unsigned(seconds), 0);
  if (says == Says::voice_then_listens) std::ranges::copy(voice_signal(8000, 1), audio.begin());
  return audio;
}

struct Row {
  const char* what;
  std::string launch;
  const char* codec;
  const char* payload_map;
  Says says;
};

// Beyond these something is allocated for packets. Two buffers go through a call, ingress's and
// parleyvad's, and GStreamer makes each of two blocks; what else there is belongs to events:
// media.quality every five seconds, and an edge of speech each second in a line that hears itself.
constexpr double most_of_gstreamers = 4.5, most_of_ours = 0.75;

Allocations::Count measure(const Row& row, int calls, int seconds) {
  constexpr int warm_up_s = 5;
  const TemporaryFolder folder;
  std::vector<std::shared_ptr<Socket>> sockets;
  VirtualEngine engine({.launch = row.launch,
                        .codecs = {row.codec},
                        .recordings = folder / "",
                        .open_port = [&](const Address& local) {
                          sockets.push_back(std::make_shared<Socket>(local));
                          return sockets.back();
                        }});
  for (int i = 0; i < calls; ++i) engine.invite("reception", row.codec);
  const Packets packets(row.payload_map, caller_audio(row.says, warm_up_s + seconds));
  const auto play = [&](int from_s, int to_s) {
    REQUIRE(packets.size() >= to_s * 50u);
    for (auto n = std::size_t(from_s) * 50; n < std::size_t(to_s) * 50; ++n) {
      engine.advance(20ms);
      Gate gate(engine.loop());
      for (const auto& socket : sockets) socket->arrive(packets[n]);
    }
  };
  play(0, warm_up_s);
  const auto sent = sockets.back()->sent;
  Allocations allocations;
  play(warm_up_s, warm_up_s + seconds);
  auto count = allocations.stop();
  CHECK(sockets.back()->sent - sent >= seconds * 50u - 1);
  return count;
}

void print(const char* what, const Allocations::Count& count, double packets) {
  fmt::print("{:38} {:9.2f} {:5.2f}\n", what, double(count.gstreamer) / packets,
             double(count.ours + count.libraries) / packets);
  for (const auto& [site, times] : count.sites)
    if (double(times) / packets > 0.1)
      fmt::print("    {:.2f} at {} (addr2line -Cfie)\n", double(times) / packets, site);
}

}  // namespace

TEST_CASE("calls: a packet costs no allocation but GStreamer's own") {
  constexpr int calls = 4, seconds = 10;
  fmt::print("allocations for 20 ms of a call, in and out: GStreamer's, the rest\n");
  const auto whole = whole_call();
  for (const auto& row :
       {Row{"media, PCMU, silence", media, "PCMU", "0=PCMU/8000", Says::nothing},
        Row{"media, PCMU, voice", media, "PCMU", "0=PCMU/8000", Says::voice},
        Row{"media, G.722, voice", media, "G722", "9=G722/8000", Says::voice},
        Row{"media, Opus, voice", media, "opus", "111=opus/48000", Says::voice},
        Row{"media, AMR-WB, voice", media, "AMR-WB", "104=AMR-WB/16000", Says::voice},
        Row{"media, PCMU, voice, recorded", recorded, "PCMU", "0=PCMU/8000", Says::voice},
        Row{"whole call, PCMU, silence", whole, "PCMU", "0=PCMU/8000", Says::nothing},
        Row{"whole call, PCMU, the caller speaks", whole, "PCMU", "0=PCMU/8000", Says::voice},
        Row{"whole call, PCMU, the agent speaks", whole, "PCMU", "0=PCMU/8000",
            Says::voice_then_listens}}) {
    const std::string what = row.what;
    CAPTURE(what);
    const auto count = measure(row, calls, seconds);
    constexpr double packets = calls * seconds * 50;
    print(row.what, count, packets);
    CHECK(double(count.gstreamer) / packets < most_of_gstreamers);
    CHECK(double(count.ours + count.libraries) / packets < most_of_ours);
  }
}

TEST_CASE("calls: SRTP allocates nothing for a packet but what its library does") {
  constexpr std::size_t packets = 1000;
  fmt::print("allocations for a packet of SRTP in and one out: the libraries', ours\n");
  for (const auto& suite : srtp_suites) {
    CAPTURE(suite.name);
    const auto key = [&](std::uint8_t fill) {
      return *SrtpKey::make(suite.suite, std::vector(suite.key + suite.salt, fill));
    };
    std::shared_ptr<Srtp> near = *Srtp::make(key(1), key(2));
    const auto far = *Srtp::make(key(2), key(1));
    const auto socket = std::make_shared<Socket>(Address{0x0a000001, 4000});
    const auto port = make_secure_port(socket, near);
    std::size_t came = 0;
    port->receive([&](std::span<const std::uint8_t>, const Address&) { ++came; });
    const Packets plain("0=PCMU/8000", caller_audio(Says::voice, packets / 50));
    auto secure = std::vector(packets, std::vector<std::uint8_t>(plain[0].size() + Srtp::trailer));
    for (std::size_t n = 0; n < packets; ++n) {
      std::ranges::copy(plain[n], secure[n].begin());
      secure[n].resize(far->protect(secure[n], plain[n].size()));
    }
    const auto exchange = [&](std::size_t from, std::size_t to) {
      for (auto n = from; n < to; ++n) {
        socket->arrive(secure[n]);
        port->send(plain[n], {0x0a000002, 4000});
      }
    };
    exchange(0, 1);  // the first of a stream makes the stream
    Allocations allocations;
    exchange(1, packets);
    const auto count = allocations.stop();
    CHECK(came == packets);
    CHECK(socket->sent == packets);
    CHECK(count.ours == 0);
    fmt::print("{:38} {:9.2f} {:5.2f}\n", suite.name, double(count.libraries) / packets,
               double(count.ours) / packets);
  }
}
