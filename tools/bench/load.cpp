// load: N callers at once against a running parleyd (over SIP) or against the stock graph (ports on
// the command line); prints what came back as one line of JSON.
//
//   load --sip 127.0.0.1:5060 --calls 50 --seconds 20
//   load --stock FIRST_PORT --calls 50 ...      prints its own ports first, one line, waits for a
//   line
#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/sip/endpoint.hpp"
#include "engine/sip/sdp.hpp"
#include "tools/bench/rtp_load.hpp"

namespace {

using namespace parley;
using namespace parley::bench;

// Dials every leg and waits until all are answered or have failed.
class Dialler {
 public:
  explicit Dialler(const std::string& target) : target_(target) {
    auto opened = sip::Endpoint::open({.listen = "127.0.0.1:0", .max_sessions = 65536},
                                      [this](const sip::Notice& n) { on(n); });
    if (!opened) throw std::runtime_error(opened.error());
    endpoint_ = *std::move(opened);
  }

  // Legs that were answered, by index, with the port to send to.
  std::map<std::size_t, std::uint16_t> dial(RtpLoad& load, std::size_t calls) {
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < calls; ++i) {
      const auto port = load.add_leg();
      std::unique_lock lock(mutex_);
      const auto session = endpoint_->dial(
          {.to = "sip:bench@" + target_,
           .sdp = sip::write_offer({.media = {"127.0.0.1", int(port)}, .session = i + 1})});
      legs_[session] = i;
      // A few under way at a time and 500 a second, as a busy trunk would do it.
      changed_.wait_for(lock, 10s, [&] { return legs_.size() - answered_.size() - failed_ < 16; });
      lock.unlock();
      std::this_thread::sleep_until(began + 2ms * (i + 1));
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 30s, [&] { return answered_.size() + failed_ >= calls; });
    return answered_;
  }
  std::size_t failed() const { return failed_; }
  const std::string& why() const { return why_; }

 private:
  void on(const sip::Notice& notice) {
    std::lock_guard lock(mutex_);
    if (const auto* accepted = std::get_if<sip::Accepted>(&notice)) {
      if (const auto agreed = sip::accept_answer(accepted->sdp, {}))
        answered_[legs_[accepted->session]] = std::uint16_t(agreed->remote.port);
    } else if (const auto* ended = std::get_if<sip::Ended>(&notice)) {
      ++failed_;
      why_ = ended->detail;
    }
    changed_.notify_all();
  }

  const std::string target_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<sip::SessionId, std::size_t> legs_;
  std::map<std::size_t, std::uint16_t> answered_;
  std::size_t failed_ = 0;
  std::string why_;
  std::unique_ptr<sip::Endpoint> endpoint_;  // last: its thread uses the rest
};

void report(LoadFigures& f, std::size_t calls, std::size_t answered) {
  std::puts(nlohmann::json{{"calls", calls},
                           {"answered", answered},
                           {"sent", f.sent},
                           {"received", f.received},
                           {"lost", f.lost},
                           {"lateness_ms",
                            {{"p50", f.lateness_ms.quantile(.5)},
                             {"p99", f.lateness_ms.quantile(.99)},
                             {"max", f.lateness_ms.quantile(1)}}},
                           {"turns_due", f.turns_asked},
                           {"turns", f.turn_ms.values.size()},
                           {"turn_ms",
                            {{"p50", f.turn_ms.quantile(.5)},
                             {"p95", f.turn_ms.quantile(.95)},
                             {"p99", f.turn_ms.quantile(.99)}}}}
                .dump()
                .c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Many callers at once; prints what came back as JSON"};
  std::string target;
  int stock = 0, seconds = 20, turn_every = 10;
  std::size_t calls = 1;
  bool silent = false;
  app.add_option("--sip", target, "host:port of parleyd");
  app.add_option("--stock", stock, "first port of the stock graph instead");
  app.add_option("--calls", calls)->check(CLI::Range(1, 20000));
  app.add_option("--seconds", seconds)->check(CLI::Range(5, 600));
  app.add_option("--turn-every", turn_every, "seconds from a caller's question to its next")
      ->check(CLI::Range(2, 60));
  app.add_flag("--silent", silent, "nobody speaks");
  CLI11_PARSE(app, argc, argv);
  try {
    RtpLoad load;
    const LoadOptions options{.duration = std::chrono::seconds(seconds),
                              .turn_every = std::chrono::seconds(turn_every),
                              .talk = !silent};
    if (stock) {
      for (std::size_t i = 0; i < calls; ++i) {
        std::printf("%d ", load.add_leg());
        load.aim(i, std::uint16_t(stock + int(i)));
      }
      std::puts("");
      std::fflush(stdout);
      std::cin.get();  // the graph is up
      auto figures = load.run(options);
      report(figures, calls, calls);
      return 0;
    }
    Dialler dialler(target);
    const auto answered = dialler.dial(load, calls);
    for (const auto& [leg, port] : answered) load.aim(leg, port);
    if (answered.size() < calls)
      std::fprintf(stderr, "load: %zu of %zu calls answered: %s\n", answered.size(), calls,
                   dialler.why().c_str());
    auto figures = load.run(options);
    report(figures, calls, answered.size());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "load: %s\n", e.what());
    return 1;
  }
  return 0;
}
