// The client of OpenAI-compatible endpoints against a server that does what servers do, faults
// included. Real loop, real I/O thread, real sockets: the boundary loop <-> provider I/O is crossed
// here.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <future>
#include <random>

#include "engine/base/real_loop.hpp"
#include "engine/base/sim_loop.hpp"
#include "plugins/providers/io_thread.hpp"
#include "plugins/providers/llm.hpp"
#include "tests/support/chat_server.hpp"

using namespace parley;
using test::ChatServer;
using test::ServerReply;
using Then = ServerReply::Then;

namespace {

const LlmRequest hello{.messages = {{.text = "Hello"}}};
constexpr auto patience = std::chrono::seconds(60);  // only to end a test that is broken

struct Answer {
  std::string text{};
  std::vector<LlmToolCall> calls{};
  std::string done{};
  std::string failure{};
  bool retry = false;
  int ends = 0;
};

// A call that asks: its loop, and a way to wait for the end from the test's thread.
class Caller {
 public:
  Caller() : loop_(RealLoop::make()) { loop_->start(); }
  ~Caller() {
    on_loop([this] { stream_.reset(); });
    loop_->stop();
  }

  Answer ask(const LlmOptions& options, const LlmRequest& request = hello) {
    start(options, request);
    return wait();
  }

  void start(const LlmOptions& options, const LlmRequest& request = hello) {
    ended_ = {};
    answer_ = {};
    on_loop([&] {
      stream_ = find_llm("openai")->ask(loop_, options, request,
                                        [this](LlmResult r) { take(std::move(r)); });
    });
  }

  Answer wait() {
    auto ended = ended_.get_future();
    REQUIRE(ended.wait_for(patience) == std::future_status::ready);
    Answer answer;
    on_loop([&] {
      answer = answer_;
      stream_.reset();
    });
    return answer;
  }

  void cancel() {
    on_loop([this] { stream_.reset(); });
  }
  std::string text_so_far() {
    std::string text;
    on_loop([&] { text = answer_.text; });
    return text;
  }
  RealLoop& loop() { return *loop_; }

  void on_loop(const std::function<void()>& f) {
    std::promise<void> done;
    REQUIRE(loop_->post([&] { f(), done.set_value(); }));
    done.get_future().wait();
  }

 private:
  void take(LlmResult r) {
    CHECK(loop_->here());
    if (auto* t = std::get_if<LlmText>(&r)) answer_.text += t->text;
    if (auto* c = std::get_if<LlmToolCall>(&r)) answer_.calls.push_back(*c);
    if (auto* d = std::get_if<LlmDone>(&r)) answer_.done = d->finish_reason, end();
    if (auto* f = std::get_if<Failure>(&r))
      answer_.failure = f->what, answer_.retry = f->retry, end();
  }
  void end() {
    if (++answer_.ends == 1) ended_.set_value();
  }

  std::shared_ptr<RealLoop> loop_;
  std::unique_ptr<LlmStream> stream_;
  std::promise<void> ended_;
  Answer answer_;
};

LlmOptions at(const std::string& url, Nanos deadline = 30s) {
  return {.url = url, .model = "m", .key_env = {}, .deadline = deadline};
}

const std::string stop = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";
const std::string good =
    test::events({test::text_chunk("Hello "), test::text_chunk("caf\u00e9."), stop, "[DONE]"});

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("openai: an answer comes whole, however the network cuts it") {
  for (const std::size_t piece : {0u, 1u, 2u, 7u, 64u}) {
    CAPTURE(piece);
    ChatServer server({test::stream_reply(good, piece)});
    const auto answer = Caller().ask(at(server.url()));
    CHECK(answer.text == "Hello caf\u00e9.");
    CHECK(answer.done == "stop");
    CHECK(answer.failure.empty());
    CHECK(answer.ends == 1);
  }
}

TEST_CASE("openai: CRLF, comments, no [DONE], no last blank line, a whole answer") {
  const std::string whole =
      R"({"choices":[{"index":0,"message":{"content":"Hello."},"finish_reason":"stop"}]})";
  const ServerReply replies[]{
      test::stream_reply(test::events({test::text_chunk("Hello."), stop}, "\r\n"), 3),
      test::stream_reply(": keepalive\n\n" + test::events({test::text_chunk("Hello.")}) +
                         ": keepalive\n\n" + test::events({stop, "[DONE]"})),
      test::stream_reply(test::events({test::text_chunk("Hello."), stop})),
      test::stream_reply(test::events({test::text_chunk("Hello.")}) + "data: [DONE]"),
      test::error_reply(200, whole),
  };
  for (const auto& reply : replies) {
    CAPTURE(reply.bytes);
    ChatServer server({reply});
    const auto answer = Caller().ask(at(server.url()));
    CHECK(answer.text == "Hello.");
    CHECK(answer.done == "stop");
  }
}

TEST_CASE("openai: tool calls come complete, behind the text") {
  ChatServer server({test::stream_reply(
      test::events(
          {test::text_chunk("Bye."),
           R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"end_call","arguments":"{\"rea"}}]}}]})",
           R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"son\":1}"}}]}}]})",
           R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"}),
      11)});
  const auto answer = Caller().ask(at(server.url()));
  CHECK(answer.text == "Bye.");
  CHECK(answer.calls == std::vector<LlmToolCall>{{"c1", "end_call", R"({"reason":1})"}});
  CHECK(answer.done == "tool_calls");
}

TEST_CASE("openai: the request is what the protocol wants; the key is sent and shown nowhere") {
  setenv("PARLEY_TEST_KEY", "sk-secret", 1);
  ChatServer server({test::error_reply(400, R"({"error":{"message":"bad key sk-secret here"}})")});
  auto options = at(server.url() + "/");
  options.key_env = "PARLEY_TEST_KEY";
  const auto answer = Caller().ask(options);
  REQUIRE(server.requests().size() == 1);
  const auto request = server.requests()[0];
  CHECK(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
  CHECK(has(request, "Authorization: Bearer sk-secret\r\n"));
  CHECK(has(request, "Content-Type: application/json\r\n"));
  CHECK(!has(request, "Expect:"));
  CHECK(has(request, R"("stream":true)"));
  CHECK(answer.failure == "POST " + server.url() + "/chat/completions: 400: bad key [key] here");
  unsetenv("PARLEY_TEST_KEY");
}

TEST_CASE("openai: a refusal that stays one is said at once, with what to do about it") {
  const struct {
    int status;
    const char* sentence;
  } table[]{{401, ": 401: the service wants a key; name its environment variable in key_env"},
            {404, ": 404: no such model"},
            {400, ": 400: no such model"}};
  for (const auto& [status, sentence] : table) {
    ChatServer server({test::error_reply(status, R"({"error":{"message":"no such model"}})")});
    const auto answer = Caller().ask(at(server.url()));
    CHECK(has(answer.failure, sentence));
    CHECK(!answer.retry);
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("openai: what may pass is tried again, and then it passes") {
  for (const int status : {408, 429, 500, 502, 503}) {
    CAPTURE(status);
    ChatServer server(
        {test::error_reply(status, "", "Retry-After-Ms: 1\r\n"), test::chunked_reply(good)});
    const auto answer = Caller().ask(at(server.url()));
    CHECK(answer.done == "stop");
    CHECK(server.requests().size() == 2);
  }
  for (const auto then : {Then::close, Then::reset}) {  // a connection that dies without an answer
    ChatServer server({{.then = then}, test::chunked_reply(good)});
    CHECK(Caller().ask(at(server.url())).done == "stop");
  }
}

TEST_CASE("openai: it gives up after three attempts") {
  ChatServer server({test::error_reply(503, R"({"error":"busy"})")});
  const auto answer = Caller().ask(at(server.url()));
  CHECK(has(answer.failure, ": 503: busy"));
  CHECK(answer.retry);
  CHECK(server.requests().size() == 3);
}

TEST_CASE("openai: a retry-after beyond the deadline is not waited for") {
  ChatServer server({test::error_reply(429, "", "Retry-After: 3600\r\n")});
  const auto answer = Caller().ask(at(server.url()));
  CHECK(has(answer.failure, ": 429: "));
  CHECK(server.requests().size() == 1);
}

TEST_CASE("openai: nobody there is a sentence with the address and the reason") {
  const auto url = test::closed_port_url();
  const auto answer = Caller().ask(at(url));
  CHECK(answer.failure == "POST " + url + "/chat/completions: connection refused");
  CHECK(answer.retry);
}

TEST_CASE("openai: a server that hangs before or within its answer is left at the deadline") {
  const ServerReply silent{.then = Then::hang};
  auto half = test::stream_reply(test::events({test::text_chunk("Hel")}));
  half.then = Then::hang;
  for (const auto& reply : {silent, half}) {
    ChatServer server({reply});
    Caller caller;
    const auto answer = caller.ask(at(server.url(), 500ms));
    CHECK(has(answer.failure, ": no byte came for 500 ms"));
    CHECK(answer.retry);
    CHECK(answer.ends == 1);
    server.wait_for_disconnect();
    CHECK(server.requests().size() <= 1);  // no second attempt behind a caller's back
  }
}

TEST_CASE("openai: what breaks off after text was heard is one failure and no second attempt") {
  const auto some = test::events({test::text_chunk("Hello")});
  auto reset = test::stream_reply(some);
  reset.then = Then::reset;
  ServerReply cut_chunked = test::chunked_reply(some);
  cut_chunked.bytes.resize(cut_chunked.bytes.size() - 5);  // without its end
  cut_chunked.then = Then::close;
  const ServerReply replies[]{
      test::stream_reply(some), cut_chunked,
      test::stream_reply(some + "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"),
      test::stream_reply(some + "data: \x01\x02garbage\n\n")};
  for (const auto& reply : replies) {
    CAPTURE(reply.bytes);
    ChatServer server({reply, test::chunked_reply(good)});
    const auto answer = Caller().ask(at(server.url()));
    CHECK(answer.text == "Hello");
    CHECK(!answer.failure.empty());
    CHECK(answer.ends == 1);
    CHECK(server.requests().size() == 1);
  }
  ChatServer server({reset, reset, reset});  // a reset may overtake what was sent before it
  const auto answer = Caller().ask(at(server.url()));
  CHECK(!answer.failure.empty());
  CHECK(answer.ends == 1);
}

TEST_CASE("openai: garbage of all kinds ends in one failure") {
  std::mt19937 random(3);
  std::string noise(20000, ' ');
  for (auto& c : noise) c = char(random());
  const ServerReply replies[]{
      {.bytes = noise},
      test::stream_reply(noise),
      test::stream_reply("data: <html>\n\n"),
      test::stream_reply(""),
      test::stream_reply("<html>no stream at all</html>"),
      test::stream_reply("data: " + std::string(2 << 20, 'x')),
      test::error_reply(200, "{"),
      test::error_reply(200, std::string(2 << 20, ' ')),
      test::error_reply(500, std::string(1 << 20, 'x')),
  };
  for (const auto& reply : replies) {
    CAPTURE(reply.bytes.substr(0, 100));
    ChatServer server({reply});
    const auto answer = Caller().ask(at(server.url(), 2s));
    CHECK(!answer.failure.empty());
    CHECK(answer.failure.size() < 500);
    CHECK(answer.ends == 1);
  }
}

TEST_CASE("openai: destroying the stream breaks the request off, and the sink stays silent") {
  auto half = test::stream_reply(test::events({test::text_chunk("Hel")}));
  half.then = Then::hang;
  ChatServer server({half});
  Caller caller;
  caller.start(at(server.url()));
  while (caller.text_so_far().empty()) std::this_thread::yield();
  caller.cancel();
  server.wait_for_disconnect();
  CHECK(caller.text_so_far() == "Hel");
}

TEST_CASE("openai: one connection serves one request after the other") {
  ChatServer server({test::chunked_reply(good)});
  Caller caller;
  for (int i = 0; i < 5; ++i) CHECK(caller.ask(at(server.url())).done == "stop");
  CHECK(server.requests().size() == 5);
  CHECK(server.connections() <= 2);  // the end of an answer may come behind the next question
}

TEST_CASE("openai: many calls on several loops ask at once, some leave early") {
  ChatServer server({test::stream_reply(good, 16)});
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < 16; ++i) callers.push_back(std::make_unique<Caller>());
  for (int round = 0; round < 3; ++round) {
    for (auto& c : callers) c->start(at(server.url()));
    for (std::size_t i = 0; i < callers.size(); ++i) {
      if (i % 4 == 0)
        callers[i]->cancel();
      else
        CHECK(callers[i]->wait().text == "Hello caf\u00e9.");
    }
  }
}

TEST_CASE("openai: a loop that ends with a request out is left in peace") {
  auto half = test::stream_reply(test::events({test::text_chunk("Hel")}));
  half.then = Then::hang;
  ChatServer server({half});
  {
    Caller caller;
    caller.start(at(server.url()));
  }
  CHECK(Caller().ask(at(test::closed_port_url())).ends == 1);  // the I/O thread goes on
}

TEST_CASE("openai: a key that is missing or odd, no URL, no scheme: said without asking anybody") {
  auto options = at("http://127.0.0.1:1/v1");
  options.key_env = "PARLEY_TEST_NO_KEY";
  CHECK(
      has(Caller().ask(options).failure, "the environment variable PARLEY_TEST_NO_KEY is not set"));
  setenv("PARLEY_TEST_NO_KEY", "a\r\nEvil: header", 1);
  CHECK(has(Caller().ask(options).failure, "holds no key"));
  unsetenv("PARLEY_TEST_NO_KEY");
  CHECK(has(Caller().ask(at("")).failure, "there is no url to ask"));
  const auto answer = Caller().ask(at("gopher://127.0.0.1:1"));
  CHECK(!answer.failure.empty());
}

TEST_CASE("openai: in virtual time it refuses with a failure") {
  const auto loop = SimLoop::make();
  Gate gate(*loop);
  std::string failure;
  const auto stream =
      find_llm("openai")->ask(loop, at("http://127.0.0.1:1"), hello,
                              [&](LlmResult r) { failure = std::get<Failure>(r).what; });
  loop->pump_to(1s);
  CHECK(has(failure, "network providers need real time"));
}

TEST_CASE("shown_url: no password and no query") {
  CHECK(shown_url("https://me:pw@host:1/v1?key=k") == "https://host:1/v1");
  CHECK(shown_url("http://host/a@b") == "http://host/a@b");
}
