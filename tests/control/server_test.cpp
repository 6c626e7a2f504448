// The whole server, with real sockets: what it answers, what it refuses, and that a slow or hostile
// console costs nobody else anything.

#include "engine/control/server.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "engine/base/ids.hpp"
#include "tests/support/web.hpp"

using namespace parley;
using namespace parley::control;
using namespace parley::test;
using nlohmann::json;

namespace {

// Every message that a test receives must be as schema/control.json says.
bool described(const json& message) {
  static const auto schema = [] {
    auto out = std::make_unique<valijson::Schema>();
    const auto text = json::parse(std::ifstream(CONTROL_SCHEMA));
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(valijson::adapters::NlohmannJsonAdapter(text), *out);
    return out;
  }();
  return valijson::Validator().validate(*schema, valijson::adapters::NlohmannJsonAdapter(message),
                                        nullptr);
}

json row(const std::string& id) {
  return {{"id", id}, {"state", "ended"}, {"end_reason", "caller_hangup"}};
}

// What the server was told to do, and a history of one call.
struct Told {
  std::vector<std::string> commands;
  CallFilter filter;
  std::string recording{};
};

Backend backend_of(Told& told) {
  return {
      .calls = [&](const CallFilter& f) -> Result<json> {
        told.filter = f;
        if (f.cursor == "broken") return Error{"The database is locked."};
        return json({{"items", {row("one")}}, {"next", nullptr}});
      },
      .call = [&](const std::string& id) -> Result<json> {
        if (id == "throws") throw std::runtime_error("secret");
        if (id != "one") return json(nullptr);
        auto call = row(id);
        call["transcript"] = json::array();
        if (!told.recording.empty()) call["recording"] = told.recording;
        return call;
      },
      .dial = [&](const std::string& to, const std::string& agent) -> Result<json> {
        told.commands.push_back("dial " + to + " " + agent);
        if (to == "sip:far@away") return Error{"far away is not in [sip] dial_hosts."};
        return json({{"call", "new"}});
      },
      .say = [&](const std::string& call, const std::string& text) -> Status {
        told.commands.push_back("say " + call + " " + text);
        return ok();
      },
      .hang_up = [&](const std::string& call) -> Status {
        told.commands.push_back("hang up " + call);
        if (call != "live") return Error{"There is no live call " + call + "."};
        return ok();
      },
      .hold = [&](const std::string& call, bool on) -> Status {
        told.commands.push_back((on ? "hold " : "take back ") + call);
        if (call != "live") return Error{"There is no live call " + call + "."};
        return ok();
      },
      .pause_recording = [&](const std::string& call, bool paused) -> Status {
        told.commands.push_back((paused ? "pause " : "resume ") + call);
        return ok();
      },
      .health =
          [] {
            return json({{"sip", "127.0.0.1:5060"}, {"calls_live", 0}});
          },
  };
}

struct Running {
  explicit Running(Options options = {}) {
    options.listen = "127.0.0.1:0";
    auto opened = Server::open(std::move(options), backend_of(told), hub);
    REQUIRE_MESSAGE(opened, opened.error());
    server = std::move(*opened);
    address = server->address();
  }

  HttpAnswer get(const std::string& path, const std::string& headers = "") {
    return http(address, "GET", path, headers);
  }
  void publish(const std::string& call, std::uint64_t seq, const std::string& kind,
               json body = json::object()) {
    hub.publish(std::make_shared<Event>(
        Event{.call = call, .seq = seq, .kind = kind, .body = std::move(body)}));
  }

  EventHub hub;
  Told told;
  std::string address;
  std::unique_ptr<Server> server;
};

json subscribe(WebSocket& ws, json command = {{"type", "subscribe"}, {"id", 1}}) {
  const auto answer = ws.ask(command);
  REQUIRE(answer["type"] == "ack");
  auto state = ws.next();
  REQUIRE(state);
  REQUIRE((*state)["type"] == "state");
  CHECK(described(*state));
  return (*state)["calls"];
}

}  // namespace

TEST_CASE("server: health, the calls, a call, the description") {
  Running r;
  const auto health = r.get("/health");
  CHECK(health.status == 200);
  CHECK(health.headers.at("x-content-type-options") == "nosniff");
  CHECK(health.json()["status"] == "ok");
  CHECK(health.json()["sip"] == "127.0.0.1:5060");
  CHECK(health.json()["control"]["consoles"] == 0);
  CHECK(r.get("/api/v1/calls").json()["items"][0]["id"] == "one");
  CHECK(r.told.filter.limit == 50);
  CHECK(r.get("/api/v1/calls?state=ended&limit=7&cursor=a%20b").status == 200);
  CHECK(r.told.filter.state == "ended");
  CHECK(r.told.filter.limit == 7);
  CHECK(r.told.filter.cursor == "a b");
  CHECK(r.get("/api/v1/calls/one").json()["transcript"].is_array());
  CHECK(r.get("/openapi.json").json()["paths"].contains("/api/v1/calls/{id}"));
  const auto head = http(r.address, "HEAD", "/health");
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-type") == "application/json");
}

TEST_CASE("server: the page is built in, and its headers keep it to its own server") {
  Running r;
  const auto page = r.get("/");
  CHECK(page.status == 200);
  CHECK(page.headers.at("content-type") == "text/html; charset=utf-8");
  CHECK(page.headers.at("content-security-policy").find("default-src 'none'") == 0);
  CHECK(page.headers.at("x-frame-options") == "DENY");
  CHECK(page.headers.at("x-content-type-options") == "nosniff");
  CHECK(page.body.find("/console.js") != std::string::npos);
  CHECK(r.get("/index.html").body == page.body);
  CHECK(r.get("/console.js").headers.at("content-type") == "text/javascript; charset=utf-8");
  CHECK(r.get("/style.css").status == 200);
  CHECK(http(r.address, "HEAD", "/console.js").headers.at("content-length") ==
        std::to_string(r.get("/console.js").body.size()));
}

TEST_CASE("server: a folder can stand in for the built-in page, if it holds one") {
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("parley-page-{}", Ids::random_seed());
  std::filesystem::create_directories(folder);
  Options options;
  options.listen = "127.0.0.1:0";
  options.page = folder.string();
  EventHub hub;
  CHECK_FALSE(Server::open(options, {}, hub));
  const std::string large(300'000, 'x');  // more than a socket takes at once
  std::ofstream(folder / "index.html") << large;
  std::ofstream(folder / "secret.txt") << "no";
  auto server = Server::open(options, {}, hub);
  REQUIRE_MESSAGE(server, server.error());
  CHECK(http((*server)->address(), "GET", "/").body == large);
  CHECK(http((*server)->address(), "GET", "/secret.txt").status == 404);
  std::filesystem::remove_all(folder);
}

TEST_CASE("server: a recording is sent as it lies on disk, whole or in part") {
  Running r;
  CHECK(r.get("/api/v1/calls/one/recording").status == 404);
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("parley-{}.wav", Ids::random_seed());
  r.told.recording = path.string();
  CHECK(r.get("/api/v1/calls/one/recording").status == 404);  // it was removed
  std::string sound(1'000'000, '\0');
  for (std::size_t i = 0; i < sound.size(); ++i) sound[i] = char(i * 7 / 3);
  std::ofstream(path) << sound;
  const auto whole = r.get("/api/v1/calls/one/recording");
  CHECK(whole.status == 200);
  CHECK(whole.headers.at("content-type") == "audio/wav");
  CHECK(whole.body == sound);
  const auto part = r.get("/api/v1/calls/one/recording", "Range: bytes=500000-600000\r\n");
  CHECK(part.status == 206);
  CHECK(part.headers.at("content-range") == "bytes 500000-600000/1000000");
  CHECK(part.body == sound.substr(500'000, 100'001));
  const auto head = http(r.address, "HEAD", "/api/v1/calls/one/recording");
  CHECK(head.headers.at("content-length") == "1000000");
  CHECK(head.body.empty());
  CHECK(r.get("/api/v1/calls/one/recording", "Range: bytes=1000000-\r\n").status == 416);
  std::filesystem::remove(path);
}

TEST_CASE("server: a console puts a call on hold and takes it back") {
  Running r;
  WebSocket ws(r.address);
  const json hold = {{"type", "call.hold"}, {"id", 1}, {"call", "live"}};
  const json resume = {{"type", "call.resume"}, {"id", 2}, {"call", "live"}};
  CHECK(described(hold));
  CHECK(described(resume));
  CHECK(ws.ask(hold)["type"] == "ack");
  CHECK(ws.ask(resume)["type"] == "ack");
  const auto refused = ws.ask({{"type", "call.hold"}, {"id", 3}, {"call", "dead"}});
  CHECK(refused["type"] == "error");
  CHECK(refused["detail"] == "There is no live call dead.");
  CHECK(r.told.commands == std::vector<std::string>{"hold live", "take back live", "hold dead"});
}

TEST_CASE("server: a console pauses and resumes a recording") {
  Running r;
  WebSocket ws(r.address);
  const json pause = {{"type", "recording.pause"}, {"id", 1}, {"call", "live"}};
  const json resume = {{"type", "recording.resume"}, {"id", 2}, {"call", "live"}};
  CHECK(described(pause));
  CHECK(described(resume));
  CHECK(ws.ask(pause)["type"] == "ack");
  CHECK(ws.ask(resume)["type"] == "ack");
  CHECK(r.told.commands == std::vector<std::string>{"pause live", "resume live"});
}

TEST_CASE("server: each refusal has its code and a detail") {
  Running r;
  struct Row {
    const char *method, *path;
    int status;
  };
  for (const auto& row :
       {Row{"GET", "/nothing", 404}, Row{"GET", "/api/v1/calls/two", 404},
        Row{"POST", "/api/v1/calls", 405}, Row{"DELETE", "/health", 405},
        Row{"GET", "/api/v1/calls?limit=0", 422}, Row{"GET", "/api/v1/calls?limit=201", 422},
        Row{"GET", "/api/v1/calls?limit=1x", 422}, Row{"GET", "/api/v1/calls?limit=", 422},
        Row{"GET", "/api/v1/calls?state=dead", 422}, Row{"GET", "/api/v1/calls?colour=red", 422},
        Row{"GET", "/api/v1/calls/throws", 500}, Row{"GET", "/api/v1/calls?cursor=broken", 503},
        Row{"GET", "/api/v1/ws", 426}}) {
    CAPTURE(row.path);
    const auto answer = http(r.address, row.method, row.path);
    CHECK(answer.status == row.status);
    CHECK(answer.json()["detail"].is_string());
    CHECK(answer.body.find("secret") == std::string::npos);
  }
  CHECK(http(r.address, "POST", "/api/v1/calls").headers.at("allow") == "GET, HEAD");
}

TEST_CASE("server: a connection serves one request after the other") {
  Running r;
  Socket socket(r.address);
  const auto request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (int i = 0; i < 3; ++i) CHECK(http_raw(socket, request).status == 200);
  // A body that nothing asked for is read and left alone.
  CHECK(
      http_raw(socket, "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
          .status == 200);
  CHECK(http_raw(socket, request).status == 200);
}

TEST_CASE("server: a foreign Host or Origin is refused, on HTTP and on the WebSocket") {
  Running r;
  for (const char* headers :
       {"Host: evil.example\r\n", "Host: localhost:1\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nHost: evil.example\r\n", "Host: localhost\r\nOrigin: null\r\n"}) {
    CAPTURE(headers);
    const auto answer = r.get("/health", headers);
    CHECK(answer.status == 403);
    CHECK(answer.json()["detail"].is_string());
    WebSocket ws(r.address, headers);
    CHECK(ws.status() == 403);
    CHECK(ws.opening().json()["detail"].is_string());
  }
  Socket old(r.address);
  CHECK(http_raw(old, "GET /health HTTP/1.0\r\n\r\n").status == 403);
  const auto own = fmt::format("Host: {0}\r\nOrigin: http://{0}\r\n", r.address);
  CHECK(r.get("/health", own).status == 200);
  CHECK(WebSocket(r.address, own).status() == 101);
  CHECK(r.get("/health").json()["control"]["refused"] == 9);
}

TEST_CASE("server: a configured origin may read what it asks for") {
  Options options;
  options.origins = {"https://console.example.org"};
  Running r(options);
  const std::string headers = "Host: localhost\r\nOrigin: https://console.example.org\r\n";
  CHECK(r.get("/health", headers).headers.at("access-control-allow-origin") ==
        "https://console.example.org");
  CHECK(WebSocket(r.address, headers).status() == 101);
}

TEST_CASE("server: refuses to listen where it must not, and says what to do") {
  EventHub hub;
  const auto open = [&](std::string listen) {
    Options options;
    options.listen = std::move(listen);
    return Server::open(options, {}, hub);
  };
  Running r;
  const auto taken = open(r.address);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().find("in use") != std::string::npos);
  const auto wide = open("0.0.0.0:0");
  REQUIRE_FALSE(wide);
  CHECK(wide.error().find("insecure") != std::string::npos);
  CHECK_FALSE(open("nonsense"));
  CHECK(r.get("/health").status == 200);
}

TEST_CASE("server: what is too large is refused and harms nobody") {
  Running r;
  const std::string big(100'000, 'x');
  CHECK(http(r.address, "POST", "/api/v1/calls", "Content-Length: 99999999\r\n").status == 413);
  CHECK(http(r.address, "POST", "/api/v1/calls", "Content-Length: -1\r\n").status == 400);
  CHECK(http(r.address, "POST", "/api/v1/calls", "Transfer-Encoding: chunked\r\n").status == 400);
  CHECK(http(r.address, "POST", "/api/v1/calls", "", "small").status == 405);
  CHECK(r.get("/" + big).status != 200);
  CHECK(r.get("/health", "X-Long: " + big + "\r\n").status != 200);
  CHECK(r.get("/health").status == 200);
}

TEST_CASE("server: garbage instead of a request harms nobody") {
  Running r;
  WebSocket bystander(r.address);
  subscribe(bystander);
  for (const auto& garbage :
       {std::string("\0\1\2\3\r\n\r\n", 8), std::string("GET\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n",
        std::string("FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        std::string("GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        std::string("GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, "
                    "HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"),
        std::string("INVITE sip:a@b SIP/2.0\r\n\r\n")}) {
    Socket socket(r.address);
    socket.send(garbage);
  }
  r.publish("c", 1, "call.created");
  CHECK((*bystander.next())["event"]["kind"] == "call.created");
  CHECK(r.get("/health").status == 200);
}

TEST_CASE("server: a WebSocket is at its path only, and their number has a bound") {
  Options options;
  options.consoles_max = 2;
  Running r(options);
  CHECK(WebSocket(r.address, "", "/api/v1/calls").status() == 400);
  CHECK(WebSocket(r.address, "", "/").status() == 400);
  WebSocket one(r.address), two(r.address), three(r.address);
  CHECK(one.status() == 101);
  CHECK(two.status() == 101);
  CHECK(three.status() == 503);
  CHECK(two.ask({{"type", "subscribe"}, {"id", 1}})["type"] == "ack");
}

TEST_CASE("server: connections have a bound") {
  Options options;
  options.connections_max = 3;
  Running r(options);
  std::vector<Socket> held;
  const auto request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    held.emplace_back(r.address);
    CHECK(http_raw(held.back(), request).status == 200);
  }
  CHECK(r.get("/health").status == 0);
  CHECK(http_raw(held.front(), request).status == 200);
}

TEST_CASE("server: subscribe gives ack, the live view, then the events in order") {
  Running r;
  r.publish("a", 1, "call.created", {{"from", "sip:x@y"}});
  r.publish("b", 1, "call.created");
  r.publish("b", 2, "call.ended", {{"reason", "caller_hangup"}});
  WebSocket ws(r.address);
  const auto calls = subscribe(ws);
  REQUIRE(calls.size() == 1);
  CHECK(calls[0]["id"] == "a");
  CHECK(calls[0]["seq"] == 1);
  for (std::uint64_t seq = 2; seq < 50; ++seq)
    r.publish("a", seq, "transcript.partial", {{"text", "w" + std::to_string(seq)}});
  for (std::uint64_t seq = 2; seq < 50; ++seq) {
    const auto message = ws.next();
    REQUIRE(message);
    CHECK(described(*message));
    CHECK((*message)["event"]["seq"] == seq);
  }
  CHECK(ws.ask({{"type", "unsubscribe"}, {"id", "u"}}) == json({{"type", "ack"}, {"id", "u"}}));
  r.publish("a", 50, "call.answered");
  CHECK(subscribe(ws, {{"type", "subscribe"}, {"id", 2}})[0]["state"] == "live");
}

TEST_CASE("server: a console that subscribed to one call hears of that one only") {
  Running r;
  WebSocket ws(r.address);
  CHECK(subscribe(ws, {{"type", "subscribe"}, {"id", 1}, {"call", "b"}}).empty());
  r.publish("a", 1, "call.created");
  r.publish("", 1, "engine.stopping");
  r.publish("b", 1, "call.created");
  CHECK((*ws.next())["event"]["call"] == "b");
}

TEST_CASE("server: commands reach the backend, and its answer the console") {
  Running r;
  WebSocket ws(r.address);
  CHECK(ws.ask({{"type", "call.dial"}, {"id", "d"}, {"to", "sip:a@b"}, {"agent", "x"}}) ==
        json({{"type", "ack"}, {"id", "d"}, {"call", "new"}}));
  CHECK(ws.ask({{"type", "call.dial"}, {"id", 2}, {"to", "sip:far@away"}}) ==
        json({{"type", "error"}, {"id", 2}, {"detail", "far away is not in [sip] dial_hosts."}}));
  CHECK(ws.ask({{"type", "call.say"}, {"id", 3}, {"call", "live"}, {"text", "hi"}})["id"] == 3);
  CHECK(ws.ask({{"type", "call.hangup"}, {"id", 4}, {"call", "live"}})["type"] == "ack");
  CHECK(ws.ask({{"type", "call.hangup"}, {"id", 5}, {"call", "dead"}})["type"] == "error");
  CHECK(r.told.commands == std::vector<std::string>{"dial sip:a@b x", "dial sip:far@away ",
                                                    "say live hi", "hang up live", "hang up dead"});
}

TEST_CASE("server: a wrong message gets an error and the connection lives on") {
  Running r;
  WebSocket ws(r.address);
  for (const char* bad : {"{", "[]", "{\"type\":\"x\",\"id\":1}", "\xff\xff", "",
                          "{\"type\":\"call.say\",\"id\":1,\"call\":\"c\"}"}) {
    REQUIRE(ws.send_text(bad));
    const auto answer = ws.next();
    REQUIRE(answer);
    CHECK((*answer)["type"] == "error");
    CHECK(described(*answer));
  }
  CHECK(described(ws.ask({{"type", "subscribe"}, {"id", 1}})));
}

TEST_CASE("server: a message in pieces is put together; one too long ends its connection only") {
  Running r;
  WebSocket ws(r.address), hog(r.address);
  REQUIRE(ws.send_frame(0x1, "{\"type\":\"subscribe\",", false));
  REQUIRE(ws.send_frame(0x0, "\"id\":7}", true));
  CHECK((*ws.next())["id"] == 7);
  hog.send_text(std::string(200'000, ' '));
  CHECK_FALSE(hog.next());
  CHECK(ws.ask({{"type", "subscribe"}, {"id", 8}})["id"] == 8);
}

TEST_CASE("server: 10,000 events reach three consoles, each in order and without a gap") {
  Options options;
  options.console.events = 20'000;
  options.console.bytes = 50'000'000;
  Running r(options);
  std::vector<WebSocket> consoles;
  for (int i = 0; i < 3; ++i) subscribe(consoles.emplace_back(r.address));
  constexpr std::uint64_t count = 10'000;
  // Two calls on two threads, as two loops would publish.
  std::vector<std::jthread> loops;
  for (const char* call : {"a", "b"})
    loops.emplace_back([&r, call] {
      for (std::uint64_t seq = 1; seq <= count / 2; ++seq)
        r.publish(call, seq, "transcript.partial", {{"text", "some words"}});
    });
  for (auto& ws : consoles) {
    std::map<std::string, std::uint64_t> last;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto message = ws.next();
      REQUIRE(message);
      const auto& event = (*message)["event"];
      REQUIRE(event["seq"] == ++last[event["call"]]);
    }
  }
  CHECK(r.get("/health").json()["control"]["resyncs"] == 0);
}

TEST_CASE("server: a slow console is cut off its queue, gets resync and state, costs nobody else") {
  Options options;
  options.console.events = 100;
  Running r(options);
  WebSocket slow(r.address, "", "/api/v1/ws", 4096), quick(r.address);
  subscribe(slow);
  subscribe(quick);
  r.publish("c", 1, "call.created");
  REQUIRE(quick.next());
  const std::string words(4000, 'w');
  std::uint64_t seq = 1;
  // `slow` reads nothing until its queue, the sockets' buffers and some more are full.
  while (r.get("/health").json()["control"]["resyncs"] == 0 && seq < 5000) {
    for (int i = 0; i < 50; ++i) {
      r.publish("c", ++seq, "transcript.partial", {{"text", words}});
      const auto message = quick.next();
      REQUIRE(message);
      REQUIRE((*message)["event"]["seq"] == seq);
    }
    if (seq > 2500) break;
  }
  r.publish("c", ++seq, "transcript.final", {{"text", "the end"}});
  std::uint64_t last = 0;
  bool resynced = false;
  while (last < seq) {
    const auto message = slow.next();
    REQUIRE(message);
    CHECK(described(*message));
    const auto type = (*message)["type"];
    if (type == "resync") {
      resynced = true;
      CHECK((*message)["dropped"] > 0);
      const auto state = slow.next();
      REQUIRE(state);
      REQUIRE((*state)["type"] == "state");
      last = (*state)["calls"][0]["seq"];
    } else if (type == "event") {
      REQUIRE((*message)["event"]["seq"] == last + 1);
      ++last;
    }
  }
  CHECK(resynced);
  CHECK(r.get("/health").json()["control"]["resyncs"] == 1);
}

TEST_CASE("server: a mailbox that overflows is counted, told, and no ended call stays") {
  EventHub hub;
  Options options;
  options.listen = "127.0.0.1:0";
  options.events_max = 1;
  std::atomic<std::uint64_t> lost = 0;
  options.lost = [&](std::uint64_t n) { lost += n; };
  std::promise<void> busy, go_on;
  Backend backend{.hang_up = [&](const std::string&) -> Status {
    busy.set_value();
    go_on.get_future().wait();
    return ok();
  }};
  const auto server = Server::open(options, backend, hub);
  REQUIRE(server);
  WebSocket ws((*server)->address());
  subscribe(ws);
  // The control thread is kept busy while more is published than its mailbox holds.
  ws.send({{"type", "call.hangup"}, {"id", 2}, {"call", "c"}});
  busy.get_future().wait();
  for (const char* kind : {"call.created", "call.answered", "call.ended"})
    hub.publish(std::make_shared<Event>(Event{.call = "c", .seq = 1, .kind = kind}));
  go_on.set_value();
  CHECK((*ws.next())["type"] == "ack");
  const auto resync = ws.next();
  REQUIRE(resync);
  CHECK((*resync)["type"] == "resync");
  CHECK(described(*resync));
  CHECK((*ws.next())["calls"].empty());
  CHECK(lost == 2);
  CHECK(http((*server)->address(), "GET", "/health").json()["control"]["events_lost"] == 2);
}

TEST_CASE("server: publishers may go on while it goes away") {
  EventHub hub;
  std::jthread publisher([&](const std::stop_token& stop) {
    for (std::uint64_t seq = 1; !stop.stop_requested(); ++seq)
      hub.publish(std::make_shared<Event>(Event{.call = "c", .seq = seq, .kind = "flow.step"}));
  });
  for (int i = 0; i < 20; ++i) {
    Options options;
    options.listen = "127.0.0.1:0";
    auto server = Server::open(options, {}, hub);
    REQUIRE(server);
    CHECK(http((*server)->address(), "GET", "/health").status == 200);
  }
}
