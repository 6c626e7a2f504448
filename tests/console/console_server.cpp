// console_server: the real control server with a scripted engine behind it, for the browser's test.
//
// It is driven by lines of JSON on standard input: {"publish": {"call", "kind", "body"}} sends an
// event with the call's next seq and the time that has passed; {"restart": true} closes the server
// and opens it again at the same address. It writes lines of JSON: {"address"} when it listens,
// {"command", ...} for what a console told the backend, {"published": n} after each event. It ends
// with its input.
//
// Threads: the main one publishes; the control thread calls the backend.

#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/base/event_hub.hpp"
#include "engine/base/guarded.hpp"
#include "engine/control/server.hpp"

using namespace parley;
using nlohmann::json;

namespace {

void print(const json& line) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  std::cout << line.dump() << std::endl;
}

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The calls as the store would have them: rows made from the events.
struct Past {
  std::map<std::string, json> calls;  // by id
  std::vector<std::string> ended;     // newest last

  void take(const Event& e) {
    auto& call = calls[e.call];
    if (e.kind == "call.created")
      call = {{"id", e.call},
              {"state", "ringing"},
              {"direction", e.body.value("direction", "")},
              {"from_uri", e.body.value("from", "")},
              {"to_uri", e.body.value("to", "")},
              {"started_at", rfc3339(e.started_at)},
              {"answered_at", nullptr},
              {"ended_at", nullptr},
              {"end_reason", nullptr},
              {"transcript", json::array()}};
    const auto time = rfc3339(e.started_at + e.at);
    if (e.kind == "call.answered") call["answered_at"] = time;
    if (e.kind == "agent.said" || e.kind == "transcript.final") add(call, e);
    if (e.kind == "call.ended") {
      call["state"] = "ended";
      call["ended_at"] = time;
      call["end_reason"] = e.body.value("reason", "");
      ended.push_back(e.call);
    }
  }

  static void add(json& call, const Event& e) {
    const bool agent = e.kind == "agent.said";
    call["transcript"].push_back({{"sequence_number", call["transcript"].size() + 1},
                                  {"at", e.at},
                                  {"entry_type", "speech"},
                                  {"speaker", agent ? "agent" : "caller"},
                                  {"text", e.body.value("text", "")},
                                  {"heard_text", nullptr}});
  }

  json page(std::size_t from, std::size_t limit) const {
    json items = json::array();
    std::size_t i = from;
    for (; i < ended.size() && items.size() < limit; ++i) {
      auto call = calls.at(ended[ended.size() - 1 - i]);
      call.erase("transcript");
      items.push_back(call);
    }
    return {{"items", items}, {"next", i < ended.size() ? json(std::to_string(i)) : json()}};
  }
};

class ScriptedEngine {
 public:
  bool open(const std::string& listen) {
    control::Options options;
    options.listen = listen;
    auto opened = control::Server::open(options, backend(), hub_);
    if (!opened) {
      print({{"failed", opened.error()}});
      return false;
    }
    server_ = std::move(*opened);
    address_ = server_->address();
    print({{"address", address_}});
    return true;
  }

  bool restart() {
    server_.reset();
    return open(address_);
  }

  void publish(const json& what) {
    auto& stream = streams_[what.at("call")];
    if (stream.seq == 0) stream.started_at = now_us();
    const auto event = std::make_shared<Event>(Event{.call = what.at("call"),
                                                     .seq = ++stream.seq,
                                                     .at = now_us() - stream.started_at,
                                                     .started_at = stream.started_at,
                                                     .kind = what.at("kind"),
                                                     .body = what.value("body", json::object())});
    past_.with([&](Past& past) { past.take(*event); });
    hub_.publish(event);
    print({{"published", stream.seq}});
  }

 private:
  struct Stream {
    std::uint64_t seq = 0;
    std::int64_t started_at = 0;
  };

  control::Backend backend() {
    return {
        .calls = [this](const control::CallFilter& f) -> Result<json> {
          const auto from = f.cursor.empty() ? 0 : std::stoul(f.cursor);
          return past_.with([&](Past& past) { return past.page(from, std::size_t(f.limit)); });
        },
        .call = [this](const std::string& id) -> Result<json> {
          return past_.with([&](Past& past) {
            return past.calls.contains(id) ? past.calls.at(id) : json(nullptr);
          });
        },
        .dial = [](const std::string& to, const std::string&) -> Result<json> {
          print({{"command", "dial"}, {"to", to}});
          if (to.find("@far") != std::string::npos)
            return Error{"far.example is not in [sip] dial_hosts."};
          return json({{"call", "dialled"}});
        },
        .say = [](const std::string& call, const std::string& text) -> Status {
          print({{"command", "say"}, {"call", call}, {"text", text}});
          return ok();
        },
        .hang_up = [](const std::string& call) -> Status {
          print({{"command", "hangup"}, {"call", call}});
          return ok();
        },
        .hold = [](const std::string& call, bool on) -> Status {
          print({{"command", on ? "hold" : "take back"}, {"call", call}});
          if (call == "c2") return Error{"there is no live call c2"};
          return ok();
        },
        .pause_recording = [](const std::string& call, bool paused) -> Status {
          print({{"command", paused ? "pause recording" : "resume recording"}, {"call", call}});
          return ok();
        },
        .health =
            [] {
              return json({{"sip", "127.0.0.1:5060"}});
            },
    };
  }

  EventHub hub_;
  Guarded<Past> past_;
  std::map<std::string, Stream> streams_;
  std::string address_;
  std::unique_ptr<control::Server> server_;
};

}  // namespace

int main() {
  ScriptedEngine engine;
  if (!engine.open("127.0.0.1:0")) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    const auto what = json::parse(line);
    if (what.contains("publish")) engine.publish(what["publish"]);
    if (what.contains("restart") && !engine.restart()) return 1;
  }
  return 0;
}
