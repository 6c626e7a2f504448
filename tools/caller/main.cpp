// parley-caller: follows a script in one call over SIP, records it, and says
// how it went.
//
// Exit codes: 0 the script ran to its end, 1 it did not, 2 it could not begin
// (arguments, script). Threads: main waits; the call lives on one loop, SIP on
// the endpoint's thread.
#include <fmt/format.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/real_loop.hpp"
#include "plugins/testkit/wav.hpp"
#include "tools/caller/phone.hpp"

namespace {

using namespace parley;
using namespace parley::caller;

struct Arguments {
  std::string to, script, record, codec = "PCMU", voice = "rms", local = "127.0.0.1",
                                  from = "caller";
  std::optional<double> noise_db;
  std::uint32_t seed = 1;
  bool json = false, quiet = false;
};

struct Ended {
  bool completed = false;
  std::string reason{}, report{};
  std::optional<Wav> recording{};
};

Result<ProgramRef> load(const Arguments& arguments) {
  std::ifstream file(arguments.script, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Error{fmt::format("{}: cannot be read", arguments.script)};
  auto script = parse_script(text);
  if (!script) return Error{fmt::format("{}: {}", arguments.script, script.error())};
  if (arguments.noise_db) script->noise_db = arguments.noise_db;
  Voices voices;
  const auto folder = std::filesystem::path(arguments.script).parent_path().string();
  auto program = prepare(*script, {.voice = arguments.voice, .folder = folder}, voices);
  if (!program) return Error{fmt::format("{}: {}", arguments.script, program.error())};
  return program;
}

// Blocks SIGINT and SIGTERM in every thread; a loop reads them from the
// descriptor.
int block_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

void show(Nanos at, const Step& step) {
  const auto text = step.text.empty() ? std::string() : " " + step.text;
  fmt::print(stderr, "{:8.2f}  {}{}\n", double(to_ms(at)) / 1000, name_of(step.what), text);
}

Result<Ended> run_call(const Arguments& arguments, const ProgramRef& program, int signals) {
  const auto loop = RealLoop::make("caller");
  loop->start();
  auto phone = Phone::open(arguments.local);
  if (!phone) {
    loop->stop();
    return Error{phone.error()};
  }
  (void)loop->post([&] {
    loop->watch(signals, [&] {
      signalfd_siginfo info;
      if (read(signals, &info, sizeof info) == sizeof info) (*phone)->hang_up_all();
    });
  });

  std::promise<Ended> promise;
  Nanos began{0};
  (*phone)->call({
      .loop = loop,
      .to = arguments.to,
      .from = arguments.from,
      .program = program,
      .line = {.codec = arguments.codec,
               .seed = arguments.seed,
               .record = !arguments.record.empty()},
      .on_answer = [&](const ScriptedCaller& caller) { began = caller.started(); },
      .on_step =
          [&](const Step& step) {
            if (!arguments.quiet) show(began > Nanos{0} ? loop->now() - began : began, step);
          },
      .on_end =
          [&](const Outcome& outcome) {
            Ended result{.completed = outcome.completed, .reason = outcome.reason};
            if (outcome.caller) {
              result.report = outcome.caller->report();
              if (!arguments.record.empty())
                result.recording = outcome.caller->recording().stereo();
            }
            promise.set_value(std::move(result));
          },
  });
  // Every wait of a script has its deadline, and so has ringing: this ends.
  auto result = promise.get_future().get();
  phone->reset();
  loop->stop();
  return result;
}

int run(const Arguments& arguments) {
  const int signals = block_signals();
  const auto program = load(arguments);
  if (!program) {
    fmt::print(stderr, "parley-caller: {}\n", program.error());
    return 2;
  }
  const auto result = run_call(arguments, *program, signals);
  if (!result) {
    fmt::print(stderr, "parley-caller: {}\n", result.error());
    return 2;
  }
  bool good = result->completed;
  if (result->recording) {
    if (const auto written = write_wav(arguments.record, *result->recording); !written) {
      fmt::print(stderr, "parley-caller: {}\n", written.error());
      good = false;
    }
  }
  if (!arguments.quiet) fmt::print(stderr, "parley-caller: {}\n", result->reason);
  if (arguments.json) {
    const auto unanswered = nlohmann::json{{"completed", false}, {"reason", result->reason}};
    fmt::print("{}\n", result->report.empty() ? unanswered.dump() : result->report);
  }
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Follows a script in one SIP call; see tools/caller/README.md", "parley-caller");
  app.add_option("to", arguments.to, "whom to call: sip:USER@HOST:PORT")->required();
  app.add_option("script", arguments.script, "the script")->required();
  app.add_option("--record", arguments.record, "stereo WAV: left sent, right received");
  app.add_option("--codec", arguments.codec, "the codec that is offered")
      ->check(CLI::IsMember({"PCMU", "PCMA"}));
  app.add_option("--voice", arguments.voice, "of lines that name none: " + Voices::known());
  app.add_option("--noise", arguments.noise_db, "line noise, dB below the voice")
      ->check(CLI::Range(0.0, 80.0));
  app.add_option("--local", arguments.local, "the IPv4 address to call from");
  app.add_option("--from", arguments.from, "the calling user");
  app.add_option("--seed", arguments.seed, "of SSRC, sequence numbers and noise");
  app.add_flag("--json", arguments.json, "the result as a line of JSON on standard output");
  app.add_flag("--quiet", arguments.quiet, "no line per step on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return run(arguments);
}
