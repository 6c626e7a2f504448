// openai: any OpenAI-compatible chat endpoint, streaming, with tool calls: hosted ones, llama.cpp,
// vLLM, Ollama. POST {url}/chat/completions, answer as server-sent events (protocols B1, B4).
//
// What fails before any of the answer came (429, 5xx, nobody there) is tried again, three times in
// all, within the deadline; after that the caller has heard something and it is not. A byte must
// come within the deadline, always. A breaker over all calls to one endpoint is not here yet.
//
// Threads: an Ask belongs to the call's loop, an Exchange to the I/O thread, where TLS and JSON
// happen. They know each other by weak references and post; the moment of the last byte is the one
// thing both touch. When a call ends it destroys its stream, and what is under way is broken off;
// an answer that is complete is read to its end, so that the connection can be used again.
#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "plugins/providers/chat_request.hpp"
#include "plugins/providers/chat_stream.hpp"
#include "plugins/providers/io_thread.hpp"
#include "plugins/providers/llm.hpp"
#include "plugins/providers/sse.hpp"

namespace parley {
namespace {

constexpr std::size_t longest_error = 64 << 10;
constexpr std::size_t longest_whole = 1 << 20;
constexpr std::size_t longest_rest = 64 << 10;  // what may follow a complete answer

// What of an attempt reaches the loop: parts of the answer, then how it ended, if not by LlmDone.
struct News {
  std::vector<LlmResult> results{};
  std::optional<Attempt>
      failed{};  // nothing of the answer had come: the last result may be retried
};

struct Question {  // shared by the attempts, never changed
  std::string url;
  std::string key;
  LlmOptions options;
  LlmRequest request;
};

class Ask;

class Exchange final : public HttpExchange {
 public:
  Exchange(const LoopRef& loop, std::weak_ptr<Ask> ask, std::shared_ptr<const Question> question)
      : loop_(loop),
        ask_(std::move(ask)),
        question_(std::move(question)),
        last_byte_(loop->now()) {}

  Nanos last_byte() const { return last_byte_.load(std::memory_order_relaxed); }
  bool complete() const { return complete_.load(std::memory_order_acquire); }
  bool lost() const { return lost_.load(std::memory_order_acquire); }

  HttpRequest request() override {
    HttpRequest r{.url = question_->url,
                  .headers = {"Content-Type: application/json", "Accept: text/event-stream"},
                  .body = chat_body(question_->options, question_->request)};
    if (!question_->key.empty()) r.headers.push_back("Authorization: Bearer " + question_->key);
    return r;
  }

  void head(const HttpHead& head) override {
    head_ = head;
    heard();
  }

  bool data(std::string_view bytes) override {
    heard();
    if (complete() || lost()) return (rest_ += bytes.size()) < longest_rest && !lost();
    if (!good()) {
      if (body_.size() < longest_error) body_ += bytes.substr(0, longest_error - body_.size());
      return true;
    }
    if (whole()) {
      body_ += bytes;
      if (body_.size() <= longest_whole) return true;
      return give(failure("the answer is longer than 1 MB", false));
    }
    const auto events = parser_.push(bytes);
    if (!take(events)) return false;
    return parser_.broken() ? give(failure("the service sent a line without an end", false)) : true;
  }

  void end(const HttpEnd& end) override {
    if (complete() || lost()) return;
    if (head_.status == 0 || (good() && !end.error.empty() && !began_)) return give_up(end);
    if (!good()) return refuse();
    if (!end.error.empty()) {
      give(failure("the answer was cut off: " + end.error, true));
    } else if (whole()) {
      give(chat_.whole(body_));
    } else if (take(parser_.finish()) && !complete()) {
      give(chat_.finish());
    }
  }

 private:
  bool good() const { return head_.status >= 200 && head_.status < 300; }
  bool whole() const { return head_.content_type.starts_with("application/json"); }
  static std::vector<LlmResult> failure(std::string what, bool retry) {
    return {Failure{.what = std::move(what), .retry = retry}};
  }

  void heard() {
    if (const auto loop = loop_.lock()) last_byte_.store(loop->now(), std::memory_order_relaxed);
  }

  // False: no more is wanted.
  bool take(const std::vector<SseEvent>& events) {
    for (const auto& e : events)
      if (auto results = chat_.push(e); !results.empty() && !give(std::move(results))) return false;
    return true;
  }

  bool give(std::vector<LlmResult> results) {
    began_ = true;
    const bool failed = std::holds_alternative<Failure>(results.back());
    const bool ends = failed || std::holds_alternative<LlmDone>(results.back());
    if (ends)
      complete_.store(true, std::memory_order_release);  // first: the loop may close at once
    post({.results = std::move(results)});
    return !failed && !lost();
  }

  void give_up(const HttpEnd& end) {
    const bool none = head_.status == 0;
    complete_.store(true, std::memory_order_release);
    post({.results = failure(none ? end.error : "the answer was cut off: " + end.error, true),
          .failed = Attempt{.unreachable = end.unreachable || !none}});
  }

  void refuse() {
    complete_.store(true, std::memory_order_release);
    const Attempt attempt{.status = head_.status, .retry_after = head_.retry_after};
    post({.results = failure(refusal(), worth_retrying(attempt)), .failed = attempt});
  }

  std::string refusal() const {
    if (head_.status == 401 || head_.status == 403)
      return question_->key.empty()
                 ? fmt::format(
                       "{}: the service wants a key; name its environment variable in key_env",
                       head_.status)
                 : fmt::format("{}: the service refused the key in {}", head_.status,
                               question_->options.key_env);
    const auto message = error_message(body_);
    return message.empty() ? fmt::format("{}: the service gave no reason", head_.status)
                           : fmt::format("{}: {}", head_.status, message);
  }

  void post(News news);

  const std::weak_ptr<Loop> loop_;
  const std::weak_ptr<Ask> ask_;
  const std::shared_ptr<const Question> question_;
  std::atomic<Nanos> last_byte_;
  std::atomic<bool> complete_ = false;  // the end of the answer has been posted
  std::atomic<bool> lost_ = false;      // the loop refused a post; the watchdog will say so

  HttpHead head_;
  SseParser parser_;
  ChatStream chat_;
  std::string body_;
  std::size_t rest_ = 0;
  bool began_ = false;
};

// An answer that a call waits for, over all its attempts.
class Ask final : public std::enable_shared_from_this<Ask> {
 public:
  Ask(LoopRef loop, Question question, LlmSink sink)
      : loop_(std::move(loop)),
        question_(std::make_shared<const Question>(std::move(question))),
        sink_(std::move(sink)),
        asked_(loop_->now()) {}

  void attempt() {
    exchange_ = std::make_shared<Exchange>(loop_, weak_from_this(), question_);
    ++attempts_;
    if (!IoThread::shared().start(exchange_))
      return later(Failure{.what = "too many requests wait for the network", .retry = true});
    watch();
  }

  void later(Failure failure) {
    stop_watching();
    timer_ = after(Nanos(0), [failure](Ask& me) { me.deliver(failure); });
  }

  void close() {
    closed_ = true;
    break_off();
  }

  void news(const Exchange* from, News& news) {
    if (closed_ || from != exchange_.get()) return;
    if (news.failed && retry(*news.failed)) return;
    for (auto& r : news.results) deliver(std::move(r));
  }

 private:
  template <class F>
  Loop::TimerId after(Nanos delay, F f) {
    return loop_->after(delay, [weak = weak_from_this(), f = std::move(f)] {
      if (const auto me = weak.lock(); me && !me->closed_) f(*me);
    });
  }

  bool retry(Attempt attempt) {
    attempt.number = attempts_;
    attempt.elapsed = loop_->now() - asked_;
    const auto dice = static_cast<unsigned long long>(loop_->now().count());
    const auto delay = retry_delay(attempt, question_->options.deadline, dice);
    if (!delay) return false;
    stop_watching();
    timer_ = after(*delay, [](Ask& me) { me.attempt(); });
    return true;
  }

  void deliver(LlmResult result) {
    if (closed_ || ended_) return;
    if (auto* failure = std::get_if<Failure>(&result)) failure->what = sentence(failure->what);
    ended_ = std::holds_alternative<Failure>(result) || std::holds_alternative<LlmDone>(result);
    if (ended_) stop_watching();
    sink_(std::move(result));
  }

  std::string sentence(std::string what) const {
    const auto& key = question_->key;
    for (auto at = what.find(key); !key.empty() && at != std::string::npos; at = what.find(key, at))
      what.replace(at, key.size(), "[key]");
    return fmt::format("POST {}: {}", shown_url(question_->url), what);
  }

  void watch() {
    timer_ = after(exchange_->last_byte() + question_->options.deadline - loop_->now(),
                   [](Ask& me) { me.check(); });
  }

  void check() {
    if (exchange_->lost())
      return fail("the call's mailbox was full and part of the answer is lost");
    const Nanos silence = loop_->now() - exchange_->last_byte();
    if (silence < question_->options.deadline) return watch();
    fail(fmt::format("no byte came for {} ms", to_ms(question_->options.deadline)));
  }

  void fail(std::string what) {
    break_off();
    deliver(Failure{.what = std::move(what), .retry = true});
  }

  void break_off() {
    stop_watching();
    if (exchange_ && !exchange_->complete()) IoThread::shared().cancel(exchange_);
  }

  void stop_watching() { loop_->cancel(std::exchange(timer_, 0)); }

  const LoopRef loop_;
  const std::shared_ptr<const Question> question_;
  const LlmSink sink_;
  const Nanos asked_;
  std::shared_ptr<Exchange> exchange_;
  Loop::TimerId timer_ = 0;
  int attempts_ = 0;
  bool ended_ = false;
  bool closed_ = false;
};

void Exchange::post(News news) {
  const auto loop = loop_.lock();
  if (!loop || ask_.expired()) return;
  auto task = [weak = ask_, me = this, news = std::move(news)]() mutable {
    if (const auto ask = weak.lock()) ask->news(me, news);  // `me` is compared, not used
  };
  if (!loop->post(std::move(task))) lost_.store(true, std::memory_order_release);
}

class Stream final : public LlmStream {
 public:
  explicit Stream(std::shared_ptr<Ask> ask) : ask_(std::move(ask)) {}
  ~Stream() override { ask_->close(); }

 private:
  const std::shared_ptr<Ask> ask_;
};

// Why asking makes no sense; empty: it does. Fills in the key.
std::string prepare(const Loop& loop, Question& question) {
  const auto& options = question.options;
  if (loop.is_virtual()) return "network providers need real time; use scripted in virtual time";
  if (options.url.empty()) return "there is no url to ask; set [llm] url";
  if (options.key_env.empty()) return {};
  const char* key = std::getenv(options.key_env.c_str());
  if (!key || !*key)
    return fmt::format("the environment variable {} is not set; it should hold the key",
                       options.key_env);
  question.key = key;
  for (const char c : question.key)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      return fmt::format("the environment variable {} holds no key: there is white space in it",
                         options.key_env);
  return {};
}

std::unique_ptr<LlmStream> ask(LoopRef loop, const LlmOptions& options, const LlmRequest& request,
                               LlmSink sink) {
  Question question{
      .url = chat_url(options.url), .key = {}, .options = options, .request = request};
  const auto hopeless = prepare(*loop, question);
  auto ask = std::make_shared<Ask>(std::move(loop), std::move(question), std::move(sink));
  if (hopeless.empty())
    ask->attempt();
  else
    ask->later(Failure{.what = hopeless, .retry = false});
  return std::make_unique<Stream>(std::move(ask));
}

}  // namespace

extern const LlmProvider openai_llm;
const LlmProvider openai_llm{.name = "openai", .ask = ask};

}  // namespace parley
