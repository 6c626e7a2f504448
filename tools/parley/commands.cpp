#include "tools/parley/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "tools/parley/client.hpp"
#include "tools/parley/print.hpp"

namespace parley::cli {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t id_size = 36;  // a UUID; what is shorter is the end of one

void print(const Options& o, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), o.out);
  std::fflush(o.out);
}

void print_json(const Options& o, const Json& json) {
  print(o, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

int fail(const Options& o, int code, const std::string& sentence) {
  if (o.json) print_json(o, {{"error", sentence}});
  fmt::print(o.err, "parley: {}\n", sentence);
  return code;
}

// What every command needs: where the server is, and how long to wait for it.
class Session {
 public:
  explicit Session(const Options& options) : o_(options) {}

  // Runs `work`; the error of whatever fails first ends the command.
  template <class F>
  int run(F&& work) {
    auto address = Address::parse(o_.url);
    if (!address) return fail(o_, wrong_usage, address.error());
    server_ = *address;
    const auto code = understood(work);
    return code ? *code
                : fail(o_, is_unreached(code.error()) ? not_reached : refused, code.error());
  }

  Result<Json> ask(const std::string& path) const { return get(server_, path, patience()); }
  Result<std::unique_ptr<Console>> console() const { return Console::open(server_, patience()); }
  milliseconds patience() const { return std::chrono::seconds(o_.patience_s); }

  // A whole id is itself; the end of one is looked for among the newest calls.
  Result<std::string> call_id(const std::string& given) const {
    if (given.size() >= id_size) return given;
    const auto page = ask("/api/v1/calls?limit=200");
    if (!page) return Error{page.error()};
    std::vector<std::string> found;
    for (const auto& call : page->value("items", Json::array()))
      if (const auto id = call.value("id", ""); id.ends_with(given)) found.push_back(id);
    if (found.size() == 1) return found[0];
    if (found.empty())
      return Error{fmt::format("no call's id ends in '{}': see parley calls", given)};
    return Error{fmt::format("several calls' ids end in '{}': give more of it", given)};
  }

 private:
  template <class F>
  Result<int> understood(F&& work) const {
    try {
      return work();
    } catch (const Json::exception&) {
      return Error{
          fmt::format("http://{} answers in a way that no parleyd does", server_.authority())};
    }
  }

  const Options& o_;
  Address server_;
};

void on_interrupt(int) { Console::interrupt(); }

void end_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// One command over the WebSocket; its ack.
Result<Json> order(const Session& session, const Json& message) {
  auto console = session.console();
  if (!console) return Error{console.error()};
  return (*console)->command(message, session.patience());
}

int steer(const Options& o, const std::string& call, Json message, const std::string& sentence) {
  Session session(o);
  return session.run([&]() -> Result<int> {
    const auto id = session.call_id(call);
    if (!id) return Error{id.error()};
    message["call"] = *id;
    const auto ack = order(session, message);
    if (!ack) return Error{ack.error()};
    if (o.json)
      print_json(o, {{"call", *id}});
    else
      print(o, sentence + "\n");
    return done;
  });
}

bool ends(const Json& event, const std::string& call) {
  return event.value("kind", "") == "call.ended" &&
         (call.empty() || event.value("call", Json()) == call);
}

// Whether the call is among those of a "state"; without a call there is no saying.
bool lives(const Json& state, const std::string& call) {
  const auto calls = state.value("calls", Json::array());
  return call.empty() ||
         std::ranges::any_of(calls, [&](const Json& c) { return c.value("id", "") == call; });
}

Result<int> follow(const Options& o, Console& console, const Watch& watch,
                   const std::string& call) {
  bool missed = false;
  for (;;) {
    const auto message = console.next();
    if (!message) return Error{message.error()};
    if (!*message) return done;
    const auto type = (*message)->value("type", "");
    if (type == "resync") {
      fmt::print(o.err, "parley: too slow, some events were not shown\n");
      missed = true;
    }
    if (type == "state" && missed && watch.until_ended && !lives(**message, call)) return done;
    if (type != "event" || !(*message)->contains("event")) continue;
    const auto& event = (**message)["event"];
    if (o.json)
      print_json(o, event);
    else if (watch.everything || is_for_people(event))
      print(o, event_line(event) + "\n");
    if (watch.until_ended && ends(event, call)) return done;
  }
}

}  // namespace

int status(const Options& o) {
  Session session(o);
  return session.run([&]() -> Result<int> {
    const auto health = session.ask("/health");
    if (!health) return Error{health.error()};
    if (o.json)
      print_json(o, *health);
    else
      print(o, status_text(*health));
    return health->value("status", "") == "ok" ? done : refused;
  });
}

int calls(const Options& o, const List& list) {
  Session session(o);
  return session.run([&]() -> Result<int> {
    std::string path = fmt::format("/api/v1/calls?limit={}", list.limit);
    if (!list.state.empty()) path += "&state=" + percent_encoded(list.state);
    if (!list.cursor.empty()) path += "&cursor=" + percent_encoded(list.cursor);
    if (!list.call.empty()) {
      const auto id = session.call_id(list.call);
      if (!id) return Error{id.error()};
      path = "/api/v1/calls/" + percent_encoded(*id);
    }
    const auto answer = session.ask(path);
    if (!answer) return Error{answer.error()};
    if (o.json)
      print_json(o, *answer);
    else
      print(o, list.call.empty() ? calls_text(*answer) : call_text(*answer));
    return done;
  });
}

int watch(const Options& o, const Watch& watch) {
  Session session(o);
  return session.run([&]() -> Result<int> {
    Json subscribe{{"type", "subscribe"}};
    std::string call;
    if (!watch.call.empty()) {
      const auto id = session.call_id(watch.call);
      if (!id) return Error{id.error()};
      subscribe["call"] = call = *id;
    }
    auto console = session.console();
    if (!console) return Error{console.error()};
    end_on_interrupt();
    const auto ack = (*console)->command(subscribe, session.patience());
    if (!ack) return Error{ack.error()};
    if (watch.until_ended && !call.empty()) {  // it may have ended before we subscribed
      const auto row = session.ask("/api/v1/calls/" + percent_encoded(call));
      if (row && row->value("state", "") == "ended") return done;
    }
    return follow(o, **console, watch, call);
  });
}

int dial(const Options& o, const std::string& to, const std::string& agent) {
  Session session(o);
  return session.run([&]() -> Result<int> {
    Json message{{"type", "call.dial"}, {"to", to}};
    if (!agent.empty()) message["agent"] = agent;
    const auto ack = order(session, message);
    if (!ack) return Error{ack.error()};
    if (o.json)
      print_json(o, *ack);
    else
      print(o, ack->value("call", "") + "\n");
    return done;
  });
}

int say(const Options& o, const std::string& call, const std::string& text) {
  return steer(o, call, {{"type", "call.say"}, {"text", text}}, "said");
}

int hold(const Options& o, const std::string& call, bool on) {
  return steer(o, call, {{"type", on ? "call.hold" : "call.resume"}}, on ? "on hold" : "off hold");
}

int pause_recording(const Options& o, const std::string& call, bool on) {
  return steer(o, call, {{"type", on ? "recording.pause" : "recording.resume"}},
               on ? "not recorded" : "recorded again");
}

int hang_up(const Options& o, const std::string& call) {
  return steer(o, call, {{"type", "call.hangup"}}, "hanging up");
}

}  // namespace parley::cli
