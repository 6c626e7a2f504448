// The command line against the real control server, over loopback, with a backend made by hand.
#include "tools/parley/commands.hpp"

#include <doctest/doctest.h>

#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/event_hub.hpp"
#include "engine/control/server.hpp"
#include "tools/parley/client.hpp"

using namespace parley;
using namespace parley::cli;
using Json = nlohmann::json;

namespace {

const std::string ada = "01890000-0000-7000-8000-00000000ada1";
const std::string bob = "01890000-0000-7000-8000-00000000b0b1";

// What a command wrote, in memory.
class Written {
 public:
  Written() : file_(open_memstream(&text_, &size_)) {}
  ~Written() {
    std::fclose(file_);
    std::free(text_);
  }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;

  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return {text_, size_};
  }
  Json json() { return Json::parse(text()); }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

Json row(const std::string& id, const std::string& state) {
  return {{"id", id}, {"state", state}, {"metadata", Json::object()}};
}

struct Engine {
  EventHub hub{};
  std::mutex mutex{};
  std::vector<std::string> orders{};
  std::promise<void> watched{};  // a console has subscribed and asked for the call
  std::unique_ptr<control::Server> server{};
  Written out{}, err{};

  Engine() {
    control::Backend backend{
        .calls = [](const control::CallFilter& f) -> Result<Json> {
          if (!f.cursor.empty()) return Error{"'" + f.cursor + "' is no cursor of this list"};
          return Json{{"items", {row(ada, "live"), row(bob, "ended")}}, {"next", nullptr}};
        },
        .call = [this](const std::string& id) -> Result<Json> {
          if (id == ada) watched.set_value();
          if (id != ada && id != bob) return Json(nullptr);
          auto call = row(id, id == ada ? "live" : "ended");
          call["transcript"] = Json::array();
          return call;
        },
        .dial = [this](const std::string& to, const std::string& agent) -> Result<Json> {
          if (to == "sip:far@away") return Error{"away is not in [sip] dial_hosts"};
          order("dial " + to + " " + agent);
          return Json{{"call", ada}};
        },
        .say = [this](const std::string& call, const std::string& text) -> Status {
          order("say " + call + " " + text);
          return ok();
        },
        .hang_up = [this](const std::string& call) -> Status {
          if (call == bob) return Error{"the call has ended"};
          order("hang up " + call);
          return ok();
        },
        .hold = [this](const std::string& call, bool on) -> Status {
          if (call == bob) return Error{"the call has ended"};
          order((on ? "hold " : "take back ") + call);
          return ok();
        },
        .pause_recording = [this](const std::string& call, bool on) -> Status {
          order((on ? "pause " : "record ") + call);
          return ok();
        },
        .health =
            [] {
              return Json{{"calls_live", 1}, {"sip", "127.0.0.1:1"}};
            }};
    control::Options options;
    options.listen = "127.0.0.1:0";
    auto opened = control::Server::open(options, std::move(backend), hub);
    if (!opened) FAIL(opened.error());
    server = std::move(*opened);
  }

  void order(std::string what) {
    std::lock_guard lock(mutex);
    orders.push_back(std::move(what));
  }
  cli::Options options(bool json = false) {
    return {.url = "http://" + server->address(),
            .json = json,
            .patience_s = 20,
            .out = out.file(),
            .err = err.file()};
  }
};

std::shared_ptr<Event> event(const std::string& call, std::uint64_t seq, const std::string& kind,
                             Json body = Json::object()) {
  return std::make_shared<Event>(Event{
      .call = call, .seq = seq, .at = 0, .started_at = 0, .kind = kind, .body = std::move(body)});
}

}  // namespace

TEST_CASE("parley status: is it well, for people and as JSON") {
  Engine engine;
  CHECK(status(engine.options()) == done);
  CHECK(engine.out.text().find("status     ok\n") != std::string::npos);
  CHECK(engine.out.text().find("calls      1\n") != std::string::npos);
  Written json;
  auto options = engine.options(true);
  options.out = json.file();
  CHECK(status(options) == done);
  CHECK(json.json()["calls_live"] == 1);
}

TEST_CASE("parley: nobody listens there") {
  Written out, err;
  const cli::Options options{
      .url = "http://127.0.0.1:1", .json = true, .out = out.file(), .err = err.file()};
  CHECK(status(options) == not_reached);
  CHECK(err.text().find("parley: cannot reach parleyd at http://127.0.0.1:1: is it running?") == 0);
  CHECK(out.json()["error"].get<std::string>().find("cannot reach") == 0);
  CHECK(watch(options, {}) == not_reached);
  CHECK(dial(options, "sip:a@b", "") == not_reached);
}

TEST_CASE("parley: an address that is none is wrong usage") {
  Written out, err;
  for (const auto* url : {"", "127.0.0.1:8000", "https://x:1", "http://x", "http://:1",
                          "http://x:0", "http://x:99999", "http://x:1/path", "http://x:1a"})
    CHECK_MESSAGE(status({.url = url, .out = out.file(), .err = err.file()}) == wrong_usage, url);
  CHECK(Address::parse("http://localhost:8000/").value() == Address{"localhost", 8000});
  CHECK(Address::parse("http://[::1]:8000").value().authority() == "[::1]:8000");
}

TEST_CASE("parley calls: the list, one by its end, and what the server refuses") {
  Engine engine;
  CHECK(calls(engine.options(), {}) == done);
  CHECK(engine.out.text().find("00ada1") != std::string::npos);
  Written one;
  auto options = engine.options(true);
  options.out = one.file();
  CHECK(calls(options, {.call = "b0b1"}) == done);
  CHECK(one.json()["id"] == bob);
  CHECK(calls(engine.options(), {.call = "1"}) == refused);
  CHECK(engine.err.text().find("several calls' ids end in '1'") != std::string::npos);
  CHECK(calls(engine.options(), {.call = "nobody"}) == refused);
  CHECK(engine.err.text().find("no call's id ends in 'nobody'") != std::string::npos);
  CHECK(calls(engine.options(), {.cursor = "x y&limit=3"}) == refused);
}

TEST_CASE("parley dial, say, hangup: orders arrive, refusals come back as sentences") {
  Engine engine;
  CHECK(dial(engine.options(), "sip:1000@127.0.0.1:5062", "night") == done);
  CHECK(engine.out.text() == ada + "\n");
  CHECK(say(engine.options(), "ada1", "Grüß \"dich\"") == done);
  CHECK(hang_up(engine.options(), ada) == done);
  CHECK(engine.orders == std::vector<std::string>{"dial sip:1000@127.0.0.1:5062 night",
                                                  "say " + ada + " Grüß \"dich\"",
                                                  "hang up " + ada});
  CHECK(dial(engine.options(), "sip:far@away", "") == refused);
  CHECK(engine.err.text().find("away is not in [sip] dial_hosts") != std::string::npos);
  CHECK(hang_up(engine.options(), bob) == refused);
  CHECK(engine.err.text().find("the call has ended") != std::string::npos);
}

TEST_CASE("parley hold, resume, recording: orders arrive, refusals come back as sentences") {
  Engine engine;
  CHECK(hold(engine.options(), "ada1", true) == done);
  CHECK(hold(engine.options(), ada, false) == done);
  CHECK(pause_recording(engine.options(), ada, true) == done);
  CHECK(pause_recording(engine.options(), ada, false) == done);
  CHECK(engine.orders == std::vector<std::string>{"hold " + ada, "take back " + ada, "pause " + ada,
                                                  "record " + ada});
  CHECK(engine.out.text() == "on hold\noff hold\nnot recorded\nrecorded again\n");
  CHECK(hold(engine.options(), bob, true) == refused);
  CHECK(engine.err.text().find("the call has ended") != std::string::npos);
}

TEST_CASE("parley watch: shows a call's events until it has ended") {
  Engine engine;
  auto subscribed = engine.watched.get_future();
  std::thread publisher([&] {
    subscribed.wait();
    engine.hub.publish(event(ada, 1, "call.created", {{"from", "sip:a@b"}}));
    engine.hub.publish(event(ada, 2, "speech.started"));
    engine.hub.publish(event(bob, 1, "call.ended", {{"reason", "other"}}));
    engine.hub.publish(event(ada, 3, "transcript.final", {{"text", "good evening"}}));
    engine.hub.publish(event(ada, 4, "call.ended", {{"reason", "caller_hangup"}}));
  });
  CHECK(watch(engine.options(), {.call = ada, .until_ended = true}) == done);
  publisher.join();
  const auto text = engine.out.text();
  CHECK(text.find("caller            good evening") != std::string::npos);
  CHECK(text.find("ended             caller_hangup") != std::string::npos);
  CHECK(text.find("speech.started") == std::string::npos);
  CHECK(text.find("other") == std::string::npos);
}

TEST_CASE("parley watch: as JSON, an event a line, everything") {
  Engine engine;
  auto subscribed = engine.watched.get_future();
  std::thread publisher([&] {
    subscribed.wait();
    engine.hub.publish(event(ada, 1, "speech.started"));
    engine.hub.publish(event(ada, 2, "call.ended", {{"reason", "x"}}));
  });
  CHECK(watch(engine.options(true), {.call = ada, .until_ended = true}) == done);
  publisher.join();
  const auto text = engine.out.text();
  const auto end = text.find('\n');
  CHECK(Json::parse(text.substr(0, end))["kind"] == "speech.started");
  CHECK(Json::parse(text.substr(end))["kind"] == "call.ended");
}

TEST_CASE("parley watch: a call that has ended already is not waited for") {
  Engine engine;
  CHECK(watch(engine.options(), {.call = bob, .until_ended = true}) == done);
}

TEST_CASE("parley watch: ends with an error when parleyd goes away") {
  Engine engine;
  auto subscribed = engine.watched.get_future();
  std::thread stopper([&] {
    subscribed.wait();
    engine.server.reset();
  });
  CHECK(watch(engine.options(), {.call = ada, .until_ended = true}) == not_reached);
  stopper.join();
  CHECK(engine.err.text().find("parleyd went away at") != std::string::npos);
}
