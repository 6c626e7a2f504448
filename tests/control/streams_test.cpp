// The WebSockets at /media/..., with real sockets: text both ways, bounds, refusals, closes.
#include "engine/control/streams.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "engine/base/guarded.hpp"
#include "engine/control/server.hpp"
#include "tests/support/web.hpp"

using namespace parley;
using namespace parley::control;
using namespace parley::test;
using nlohmann::json;

namespace {

// Serves streams: says back what it is told; "close" closes, "flood" sends until it is refused.
struct Bench {
  struct Seen {
    StreamRequest request{};
    int open = 0, closed = 0;
    bool flooded = false;
  };
  struct Handler final : StreamHandler {
    Handler(Guarded<Seen>& s, StreamSocket out) : seen(s), socket(std::move(out)) {}
    ~Handler() override {
      seen.with([](Seen& s) { ++s.closed; });
    }
    void text(std::string_view message) override {
      heard = true;
      if (message == "\"close\"") return socket.close(1008, "as asked");
      if (message == "\"flood\"") return flood();
      socket.send(std::string(message), false);
    }
    void flood() {
      const std::string audio = json(std::string(30'000, 'a')).dump();
      for (int i = 0; i < 64; ++i) CHECK(socket.send(audio, false));
      CHECK_FALSE(socket.send(audio, false));
      for (int i = 64; i < 128; ++i) CHECK(socket.send("\"mark\"", true));
      CHECK_FALSE(socket.send("\"mark\"", true));
      seen.with([](Seen& s) { s.flooded = true; });
    }
    bool waiting() const override { return !heard; }
    Guarded<Seen>& seen;
    StreamSocket socket;
    bool heard = false;
  };

  Bench() {
    Backend backend;
    backend.streams = {.refusal = [](const StreamRequest& r) -> std::optional<Response> {
                         if (r.query.contains("token")) return {};
                         return problem(403, "The handshake has no token.");
                       },
                       .open =
                           [this](const StreamRequest& r, StreamSocket socket) {
                             seen.with([&](Seen& s) {
                               s.request = r;
                               ++s.open;
                             });
                             return std::make_unique<Handler>(seen, std::move(socket));
                           }};
    auto opened = Server::open({.listen = "127.0.0.1:0"}, std::move(backend), hub);
    REQUIRE(opened);
    server = *std::move(opened);
  }
  WebSocket connect(const std::string& path = "/media/twilio/reception?token=1",
                    const std::string& headers = "", int receive_bytes = 0) {
    return WebSocket(server->address(), headers, path, receive_bytes);
  }

  Guarded<Seen> seen;
  EventHub hub;
  std::unique_ptr<Server> server;
};

}  // namespace

TEST_CASE("streams: text goes both ways, and the handshake is known") {
  Bench b;
  auto ws = b.connect("/media/twilio/reception?token=1",
                      "X-Twilio-Signature: abc=\r\nAuthorization: Bearer t\r\n"
                      "X-Forwarded-For: 10.0.0.9\r\n");
  REQUIRE(ws.status() == 101);
  for (int i = 0; i < 300; ++i) {
    REQUIRE(ws.send({{"n", i}}));
    CHECK((*ws.next())["n"] == i);
  }
  const auto seen = b.seen.snapshot();
  CHECK(seen.request.path == "/media/twilio/reception");
  CHECK(seen.request.query.at("token") == "1");
  CHECK(seen.request.host == b.server->address());
  CHECK(seen.request.signature == "abc=");
  CHECK(seen.request.authorization == "Bearer t");
  CHECK(seen.request.loopback);
  CHECK(seen.request.forwarded);
  CHECK(seen.request.peer == "127.0.0.1");
  CHECK(seen.request.peer_port > 0);
  CHECK("127.0.0.1:" + std::to_string(seen.request.local_port) == b.server->address());
}

TEST_CASE("streams: who is not admitted gets a status and a sentence, and so does plain HTTP") {
  Bench b;
  const auto ws = b.connect("/media/twilio");
  CHECK(ws.status() == 403);
  CHECK(ws.opening().json()["detail"] == "The handshake has no token.");
  CHECK(b.connect("/media/else/a/b?token=1").status() == 400);
  CHECK(http(b.server->address(), "GET", "/media/telnyx?token=1").status == 426);
  CHECK(b.connect("/media/twilio?token=1", "Origin: http://evil.example\r\n").status() == 403);
  CHECK(b.seen.snapshot().open == 0);
}

TEST_CASE("streams: whoever serves it closes it, with a code, after what it sent before") {
  Bench b;
  auto ws = b.connect();
  ws.send("one");
  ws.send("close");
  CHECK(*ws.next() == "one");
  CHECK_FALSE(ws.next());
  CHECK(ws.close_code() == 1008);
}

TEST_CASE("streams: binary frames and messages that are too long close it; fragments are joined") {
  Bench b;
  auto binary = b.connect();
  binary.send_frame(0x2, "abc");
  CHECK_FALSE(binary.next());
  CHECK(binary.close_code() == 1003);
  auto longer = b.connect();
  longer.send(std::string(70'000, 'x'));
  CHECK_FALSE(longer.next());
  CHECK(longer.close_code() == 1009);
  auto pieces = b.connect();
  pieces.send_frame(0x1, "\"on", false);
  pieces.send_frame(0x0, "e\"");
  CHECK(*pieces.next() == "one");
}

TEST_CASE("streams: what a slow provider does not take is bounded, with room left for marks") {
  Bench b;
  auto ws = b.connect("/media/twilio?token=1", "", 4096);
  ws.send("flood");
  int audio = 0, marks = 0;
  while (audio + marks < 128) {
    const auto message = ws.next();
    REQUIRE(message);
    (*message == "mark" ? marks : audio) += 1;
  }
  CHECK(audio == 64);
  CHECK(marks == 64);
  CHECK(b.seen.snapshot().flooded);
  CHECK(http(b.server->address(), "GET", "/health").json()["control"]["stream_messages_unsent"] ==
        2);
}

TEST_CASE("streams: a socket that breaks is the end of its handler") {
  Bench b;
  {
    auto ws = b.connect();
    ws.send("one");
    CHECK(*ws.next() == "one");
  }
  for (int i = 0; i < 500 && b.seen.snapshot().closed == 0; ++i)
    http(b.server->address(), "GET", "/health");  // each is a turn of the server's loop
  CHECK(b.seen.snapshot().closed == 1);
}
