// load: many callers at once against a running parleyd or another RTP endpoint; prints what came
// back as one line of JSON.
//
//   load --sip 127.0.0.1:5060 --calls 50 --codec opus --srtp AEAD_AES_128_GCM
//   load --stream 127.0.0.1:8000 --calls 50     Twilio's media stream, against /media/twilio
//   load --ports --calls 50                     prints its ports, one line; reads a line of those
//   to
//                                               send to
//   load --sip 127.0.0.1:5060 --setups 1000     sets calls up and down, without audio
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "engine/call/codecs.hpp"
#include "tools/bench/callers.hpp"
#include "tools/bench/dialler.hpp"

namespace {

using namespace parley;
using namespace parley::bench;

struct Wanted {
  std::string sip{}, stream{}, codec = "pcmu", srtp{};
  bool ports = false;
  std::size_t calls = 1, setups = 0;
  Talk talk = Talk::question;
};

std::shared_ptr<const Frames> frames_of(const rtp::Codec* codec, const std::string& params,
                                        Talk talk) {
  if (!codec) throw std::runtime_error("what was agreed on is no codec of ours");
  return std::make_shared<Frames>(encode_frames(*codec, params, talk));
}

std::vector<sip::Payload> codec_named(const std::string& name) {
  auto codecs = codec_list({name});
  if (!codecs) throw std::runtime_error(codecs.error());
  return *std::move(codecs);
}

std::size_t call_by_sip(const Wanted& wanted, Dialler& dialler, Callers& callers) {
  std::vector<std::unique_ptr<RtpLine>> lines;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < wanted.calls; ++i) {
    lines.push_back(std::make_unique<RtpLine>());
    ports.push_back(lines.back()->port());
  }
  const auto agreed = dialler.dial(ports);
  std::map<std::string, std::shared_ptr<const Frames>> frames;  // by codec and parameters
  for (const auto& [place, agreement] : agreed) {
    const auto& payload = agreement.send.front();
    auto& said = frames[payload_map({payload})];
    const auto* codec = rtp::find_codec(payload.name, unsigned(payload.rate), payload.params);
    if (!said) said = frames_of(codec, payload.params, wanted.talk);
    RtpTarget target{.port = std::uint16_t(agreement.remote.port),
                     .payload_type = std::uint8_t(payload.type),
                     .timestamp_step = codec->clock_rate / 50};
    if (agreement.keys) {
      auto srtp = Srtp::make(agreement.keys->ours, agreement.keys->theirs);
      if (!srtp) throw std::runtime_error(srtp.error());
      target.srtp = *std::move(srtp);
    }
    lines[place]->aim(std::move(target));
    callers.add(std::move(lines[place]), said);
  }
  if (agreed.size() < wanted.calls)
    std::fprintf(stderr, "load: %zu of %zu calls answered: %s\n", agreed.size(), wanted.calls,
                 dialler.why().c_str());
  return agreed.size();
}

void call_ports(const Wanted& wanted, Callers& callers) {
  const auto said = frames_of(rtp::find_fixed_codec(0), "", wanted.talk);
  std::vector<std::unique_ptr<RtpLine>> lines;
  for (std::size_t i = 0; i < wanted.calls; ++i) {
    lines.push_back(std::make_unique<RtpLine>());
    std::printf("%d ", lines.back()->port());
  }
  std::puts("");
  std::fflush(stdout);
  for (auto& line : lines) {
    std::uint16_t port = 0;
    if (!(std::cin >> port)) throw std::runtime_error("a port to send to is missing");
    line->aim({.port = port});
    callers.add(std::move(line), said);
  }
}

void call_by_stream(const Wanted& wanted, Callers& callers) {
  const auto said = frames_of(rtp::find_fixed_codec(0), "", wanted.talk);
  for (std::size_t i = 0; i < wanted.calls; ++i) {
    callers.add(std::make_unique<StreamLine>(wanted.stream, i), said);
    std::this_thread::sleep_for(2ms);
  }
}

void print_setups(const Wanted& wanted, Dialler& dialler) {
  const auto began = std::chrono::steady_clock::now();
  const auto answered = dialler.dial_and_hang_up(wanted.setups);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::puts(nlohmann::json{{"calls", wanted.setups},
                           {"answered", answered},
                           {"calls_per_second", double(answered) / took.count()}}
                .dump()
                .c_str());
}

void report(LoadFigures& f, std::size_t calls, std::size_t answered) {
  const auto quantiles = [](Distribution& d) {
    return nlohmann::json{{"p50", d.quantile(.5)},
                          {"p95", d.quantile(.95)},
                          {"p99", d.quantile(.99)},
                          {"p99.9", d.quantile(.999)},
                          {"max", d.quantile(1)}};
  };
  std::puts(nlohmann::json{{"calls", calls},
                           {"answered", answered},
                           {"sent", f.sent},
                           {"received", f.received},
                           {"lost", f.lost},
                           {"own_lateness_ms", double(f.own_lateness.count()) / 1e6},
                           {"lateness_ms", quantiles(f.lateness_ms)},
                           {"turns_due", f.asked.size()},
                           {"turns", f.turn_ms.values.size()},
                           {"turn_ms", quantiles(f.turn_ms)}}
                .dump()
                .c_str());
}

void run(const Wanted& wanted, const LoadOptions& options) {
  std::optional<Dialler> dialler;  // calls last as long as it does
  if (!wanted.sip.empty())
    dialler.emplace(DialOptions{
        .target = wanted.sip, .codecs = codec_named(wanted.codec), .srtp = wanted.srtp});
  if (dialler && wanted.setups) return print_setups(wanted, *dialler);
  Callers callers;
  auto answered = wanted.calls;
  if (dialler)
    answered = call_by_sip(wanted, *dialler, callers);
  else if (wanted.ports)
    call_ports(wanted, callers);
  else
    call_by_stream(wanted, callers);
  auto figures = callers.run(options);
  report(figures, wanted.calls, wanted.stream.empty() ? answered : figures.heard);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Many callers at once; prints what came back as JSON"};
  Wanted wanted;
  int seconds = 20;
  double turn_every = 10;
  auto& where = *app.add_option_group("where");
  where.add_option("--sip", wanted.sip, "host:port of parleyd");
  where.add_option("--stream", wanted.stream, "host:port of parleyd's control server");
  where.add_flag("--ports", wanted.ports, "no signalling: ports by standard output and input");
  where.require_option(1);
  app.add_option("--calls", wanted.calls)->check(CLI::Range(1, 20000));
  app.add_option("--setups", wanted.setups, "calls to set up and down instead");
  app.add_option("--seconds", seconds)->check(CLI::Range(8, 600));
  app.add_option("--codec", wanted.codec, "pcmu, pcma, g722, opus, l16 or amr-wb");
  app.add_option("--srtp", wanted.srtp, "a suite, as in a=crypto")
      ->transform(CLI::Transformer({{"none", ""}}));
  app.add_option("--turn-every", turn_every, "seconds from a caller's question to its next")
      ->check(CLI::Range(.1, 60.));
  app.add_option("--talk", wanted.talk, "question, pulse or nothing")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Talk>{
          {"question", Talk::question}, {"pulse", Talk::pulse}, {"nothing", Talk::nothing}}));
  CLI11_PARSE(app, argc, argv);
  try {
    run(wanted, {.duration = std::chrono::seconds(seconds),
                 .turn_every = Nanos(std::int64_t(turn_every * 1e9))});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "load: %s\n", e.what());
    return 1;
  }
  return 0;
}
