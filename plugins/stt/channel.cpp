#include "plugins/stt/channel.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/core.h>

namespace parley {
namespace {

constexpr Nanos piece_time = 80ms;
constexpr Nanos answer_deadline = 10s;

struct Leases {
  std::mutex mutex;
  std::map<const SttProvider*, std::size_t> out;
};
Leases& leases() {
  static Leases one;
  return one;
}

}  // namespace

UtteranceLease UtteranceLease::take(const SttProvider& provider, std::size_t limit) {
  UtteranceLease lease;
  auto& all = leases();
  std::lock_guard lock(all.mutex);
  auto& out = all.out[&provider];
  if (limit && out >= limit) return lease;
  ++out;
  lease.held_ = std::shared_ptr<const SttProvider>(&provider, [](const SttProvider* p) {
    auto& mine = leases();
    std::lock_guard again(mine.mutex);
    --mine.out[p];
  });
  return lease;
}

struct SttChannel::Core : std::enable_shared_from_this<Core> {
  struct Utterance {
    UtteranceLease lease{};
    Loop::TimerId deadline = 0;
    std::optional<Failure> failure{};  // no answer will come; told when its turn comes
  };
  // A session on a worker, and what it has said during the call that is under way there.
  struct Remote {
    std::unique_ptr<SttSession> session;
    std::vector<SttResult> said;
  };
  using Use = std::function<void(SttSession&)>;

  Core(LoopRef l, Workers& workers, const SttProvider& p, const SttOptions& o, std::size_t most,
       SttSink s)
      : loop(std::move(l)),
        provider(p),
        options(o),
        limit(most ? most : p.utterances),
        sink(std::move(s)),
        strand(Strand::make(workers)) {}

  bool on_worker() const { return provider.where == SttProvider::Where::worker; }

  void open() {
    if (!on_worker()) {
      session = provider.open(loop, options, [weak = weak_from_this()](SttResult r) {
        if (const auto me = weak.lock()) me->deliver(me->generation, std::move(r));
      });
      session->expect(expectation);
      return;
    }
    remote = std::make_shared<Remote>();
    remote->session = provider.open(
        loop, options, [box = remote.get()](SttResult r) { box->said.push_back(std::move(r)); });
    remote->session->expect(expectation);
  }

  void close() {
    sink = nullptr;
    drop_deadlines();
    ended.clear();
    speaking.reset();
    session.reset();
    remote.reset();
  }

  // Runs `use` on the worker, brings back what the session said, then does `then`.
  bool submit(Nanos cost, Use use, std::function<void()> then = {}) {
    return loop->job(*strand, cost,
                     [r = remote, use = std::move(use), weak = weak_from_this(), then,
                      g = generation]() -> Loop::Task {
                       use(*r->session);
                       return [said = std::exchange(r->said, {}), weak, then, g] {
                         const auto me = weak.lock();
                         if (!me || g != me->generation) return;
                         for (const auto& one : said) me->deliver(g, one);
                         if (then) then();
                       };
                     });
  }

  void expect(const SttExpectation& e) {
    expectation = e;
    if (!on_worker())
      session->expect(e);
    else if (!submit({}, [e](SttSession& s) { s.expect(e); }))
      fail_all("the workers' queue is full");
  }

  void set_rate(unsigned rate) {
    options.rate = rate;
    if (!on_worker())
      session->set_rate(rate);
    else if (!submit({}, [rate](SttSession& s) { s.set_rate(rate); })) {
      fail_all("the workers' queue is full");
      open();
    }
  }

  void audio(std::span<const std::int16_t> samples) {
    if (!speaking) begin();
    if (!speaking->lease) return;
    if (!on_worker()) return session->audio(samples);
    pending.insert(pending.end(), samples.begin(), samples.end());
    send_piece();
  }

  void begin() { speaking.emplace(Utterance{}).lease = UtteranceLease::take(provider, limit); }

  void send_piece() {
    const auto least = std::size_t(std::int64_t(options.rate) * piece_time / 1s);
    if (piece_out || pending.size() < least) return;
    // When the queue is full the audio stays here and goes with the next piece.
    piece_out = submit(
        provider.piece_cost, [p = pending](SttSession& s) { s.audio(p); },
        [this] {
          piece_out = false;
          if (speaking) send_piece();
        });
    if (piece_out) pending.clear();
  }

  void end() {
    if (!speaking) begin();
    ended.push_back(std::move(*speaking));
    speaking.reset();
    auto& u = ended.back();
    if (!u.lease) {
      u.failure =
          Failure{fmt::format("all {} recognisers of this process are in use", limit), true};
      return settle_soon();
    }
    u.deadline = later(answer_deadline, [this] {
      fail_all(fmt::format("no answer in {} s", answer_deadline / 1s));
    });
    if (!on_worker()) return session->end_of_speech();
    const bool taken = submit(provider.final_cost, [p = std::exchange(pending, {})](SttSession& s) {
      if (!p.empty()) s.audio(p);
      s.end_of_speech();
    });
    if (!taken) fail_all("the workers' queue is full");
  }

  // Nothing that was asked will be answered: says so of each utterance and begins afresh.
  void fail_all(const std::string& why) {
    for (auto& u : ended)
      if (!u.failure) u.failure = Failure{why, true};
    reset();
    settle_soon();
  }

  void abandon() {
    drop_deadlines();
    ended.clear();
    reset();
  }

  void reset() {
    ++generation;
    drop_deadlines();
    speaking.reset();
    pending.clear();
    piece_out = false;
    if (!on_worker())
      session->abandon();
    else if (!submit({}, [](SttSession& s) { s.abandon(); }))
      open();
  }

  void drop_deadlines() {
    for (auto& u : ended) loop->cancel(std::exchange(u.deadline, 0));
  }

  Loop::TimerId later(Nanos delay, std::function<void()> what) {
    return loop->after(delay, [weak = weak_from_this(), what = std::move(what)] {
      if (const auto me = weak.lock()) what();
    });
  }

  void settle_soon() {
    later({}, [this] { settle(); });
  }
  void settle() {
    while (!ended.empty() && ended.front().failure) {
      const auto failure = *ended.front().failure;
      ended.pop_front();
      tell(failure);
    }
  }

  void deliver(std::uint64_t of_generation, SttResult result) {
    if (of_generation != generation) return;
    const bool last =
        std::holds_alternative<SttFinal>(result) || std::holds_alternative<Failure>(result);
    if (last) {
      if (ended.empty()) return;
      loop->cancel(ended.front().deadline);
      ended.pop_front();
    }
    tell(std::move(result));
    if (last) settle();
  }

  void tell(SttResult result) {
    if (const auto call = sink) call(std::move(result));
  }

  const LoopRef loop;
  const SttProvider& provider;
  SttOptions options;
  const std::size_t limit;
  SttSink sink;
  const std::shared_ptr<Strand> strand;
  std::unique_ptr<SttSession> session;  // of a provider on the loop
  std::shared_ptr<Remote> remote;       // of one on a worker: used there only
  SttExpectation expectation;

  std::uint64_t generation = 0;
  std::optional<Utterance> speaking;
  std::deque<Utterance> ended;
  std::vector<std::int16_t> pending;  // not yet with the worker
  bool piece_out = false;
};

SttChannel::SttChannel(LoopRef loop, Workers& workers, const SttProvider& provider,
                       const SttOptions& options, std::size_t limit, SttSink sink)
    : core_(std::make_shared<Core>(std::move(loop), workers, provider, options, limit,
                                   std::move(sink))) {
  core_->open();
}

SttChannel::~SttChannel() { core_->close(); }

void SttChannel::expect(const SttExpectation& expectation) { core_->expect(expectation); }
void SttChannel::set_rate(unsigned rate) { core_->set_rate(rate); }
void SttChannel::audio(std::span<const std::int16_t> samples) { core_->audio(samples); }
void SttChannel::end_of_speech() { core_->end(); }
void SttChannel::abandon() { core_->abandon(); }
std::size_t SttChannel::unanswered() const { return core_->ended.size(); }

}  // namespace parley
