// server: the control server: REST, the consoles' WebSocket and the page, on libwebsockets.
//
// The shell around routes, protocol, session and live_view: it moves bytes, and bounds them:
// connections, header, body, each console's queue and the mailbox of events.
//
// Threads: one of its own (control), which runs everything here and calls the Backend. Events come
// in through a mailbox from any thread; a full one refuses, counts, and the consoles get a resync.
// Nothing that goes on here can hold up a call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/event_hub.hpp"
#include "engine/base/result.hpp"
#include "engine/control/backend.hpp"
#include "engine/control/session.hpp"

namespace parley::control {

struct Options {
  std::string listen = "127.0.0.1:8000";  // port 0 takes a free one
  std::vector<std::string> hosts{};       // further names in Host
  std::vector<std::string> origins{};     // further origins, "https://console.example.org"
  bool insecure = false;                  // listen beyond loopback without identities
  std::string page{};                     // folder of the console's files; empty: the built-in page

  std::size_t events_max = 65'536;  // in the mailbox
  std::size_t connections_max = 256;
  std::size_t consoles_max = 64;
  std::size_t body_bytes_max = 65'536;  // of a request, and of a WebSocket message
  Session::Limits console{};

  // On the control thread: so many events did not reach the consoles (for events.lost).
  std::function<void(std::uint64_t count)> lost{};
};

class Server {
 public:
  // Listens and serves until it is destroyed. The error says what to do.
  static Result<std::unique_ptr<Server>> open(Options options, Backend backend, EventHub& hub);
  virtual ~Server() = default;

  virtual std::string address() const = 0;  // "127.0.0.1:8000"

 protected:
  Server() = default;
};

}  // namespace parley::control
