// backend: what the control server needs of the rest, as functions: it knows neither store nor
// calls. main.cpp fills it in.
//
// Threads: called on the control thread; nothing here blocks longer than a read of the database.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/control/routes.hpp"

namespace parley::control {

struct CallFilter {
  std::string state{};   // "", "ringing", "live", "ended"
  int limit = 50;        // 1-200
  std::string cursor{};  // `next` of the page before
};

// The opening handshake of a WebSocket at /media/...
struct StreamRequest {
  std::string path{};
  std::map<std::string, std::string> query{};
  std::string host{}, authorization{}, signature{};  // headers; the last is X-Twilio-Signature
  std::string peer{}, local{};                       // addresses
  int peer_port = 0, local_port = 0;
  bool loopback = false;   // the peer is on this machine
  bool forwarded = false;  // a proxy says that it speaks for somebody
};

// The socket; from any thread, and at once.
struct StreamSocket {
  // False: too much waits, and this is dropped. `urgent`: there is room when there is none for
  // audio.
  std::function<bool(std::string text, bool urgent)> send{};
  std::function<void(int code, const std::string& reason)> close{};  // after what was sent before
};

// Serves one stream, on the control thread; destroyed when the socket is gone.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual void text(std::string_view message) = 0;
  virtual bool waiting() const = 0;  // nothing that counts has been said yet
};

struct StreamBackend {
  std::function<std::optional<Response>(const StreamRequest&)> refusal{};
  std::function<std::unique_ptr<StreamHandler>(const StreamRequest&, StreamSocket)> open{};
};

struct Backend {
  // History. {"items": [call...], "next": cursor or null}; newest first. A call is the row of table
  // `calls` with times in RFC 3339 and `metadata` as an object.
  std::function<Result<nlohmann::json>(const CallFilter&)> calls{};
  // The call with "transcript": [entry...]; null when there is no such call.
  std::function<Result<nlohmann::json>(const std::string& id)> call{};

  // Commands. An error is a sentence for the operator. dial answers {"call": id}.
  std::function<Result<nlohmann::json>(const std::string& to, const std::string& agent)> dial{};
  std::function<Status(const std::string& call, const std::string& text)> say{};
  std::function<Status(const std::string& call, const std::string& keys)> press{};
  std::function<Status(const std::string& call)> hang_up{};
  std::function<Status(const std::string& call, bool on)> hold{};
  std::function<Status(const std::string& call, bool paused)> pause_recording{};

  StreamBackend streams{};

  // For /health: {"calls_live": n, "pipelines_live": n, "sip": "...", ...}
  std::function<nlohmann::json()> health{};
};

}  // namespace parley::control
