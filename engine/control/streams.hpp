// streams: the WebSockets at /media/...: text in, text out, for whoever serves them.
//
// This side knows nothing of what is said. It bounds what waits to be sent (64 messages of audio,
// 128 in all), closes a socket that says nothing for 10 s after it opened, and takes text only.
//
// Threads: control. What a StreamSocket offers may be called from any.
#pragma once

#include <libwebsockets.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/guarded.hpp"
#include "engine/control/backend.hpp"
#include "engine/control/routes.hpp"

namespace parley::control {

class Streams {
 public:
  // `wake` runs on any thread and makes the control thread call service().
  Streams(StreamBackend backend, std::size_t message_bytes_max, std::function<void()> wake);
  ~Streams();

  static bool is_stream(std::string_view path) { return path.starts_with("/media/"); }

  // Why there is to be no stream; nothing: lws goes on with the upgrade.
  std::optional<Response> on_upgrade(lws* wsi, const Request& request);
  bool on_established(lws* wsi);  // false: this socket is none of ours
  bool has(lws* wsi) const { return streams_.contains(wsi); }
  int on_message(lws* wsi, std::string_view bytes);
  int on_writable(lws* wsi);
  int on_timer(lws* wsi);
  void on_closed(lws* wsi);
  void service();

  std::size_t size() const { return streams_.size(); }
  std::uint64_t unsent() const;

 private:
  int end(lws* wsi, int code, std::string_view reason);

  struct Ready;
  class Outbox;
  struct Stream {
    std::shared_ptr<Outbox> out{};
    std::unique_ptr<StreamHandler> handler{};
    std::string incoming{};
  };

  const StreamBackend backend_;
  const std::size_t message_bytes_max_;
  const std::shared_ptr<Ready> ready_;
  std::unordered_map<lws*, StreamRequest> opening_;
  std::unordered_map<lws*, Stream> streams_;
  std::unordered_map<std::uint64_t, lws*> by_id_;  // of the outbox
  std::uint64_t last_id_ = 0;
  std::uint64_t unsent_ = 0;  // of those that are gone
};

}  // namespace parley::control
