// session: one media stream from its WebSocket's opening to its end: text in, a call's port out.
//
// Threads: the socket's (control). The port crosses to the call's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/media_stream/port.hpp"

namespace parley::media_stream {

// What a call is made from.
struct Offer {
  const Dialect* dialect = nullptr;
  Started started{};
  std::string agent{};  // empty: the default one
  Address local{}, far{};
  Wire wire{};
};

class Session {
 public:
  // An error is why there is no call; the socket closes with it.
  using Open = std::function<Result<std::shared_ptr<Port>>(Offer offer)>;

  // `agent`: the one that path or query name; a parameter of that name in `start` comes first.
  Session(const Dialect& dialect, std::string agent, Address local, Address far, Wire wire,
          Open open);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void text(std::string_view message);
  void closed();                                      // the socket is gone
  bool waiting() const { return stream_.waiting(); }  // nothing but greetings so far

 private:
  void on(Started& started);
  void on(Audio& audio) { port_->give(std::move(audio)); }
  void on(Key& key) { port_->give(key); }
  void on(Played& played) { port_->give(played); }
  void on(const Stopped&);
  void on(const Fault& fault);
  void end(Over over);

  const Dialect& dialect_;
  const std::string agent_;
  const Address local_, far_;
  const Wire wire_;
  const Open open_;
  Stream stream_;
  std::shared_ptr<Port> port_;  // from start on
};

}  // namespace parley::media_stream
