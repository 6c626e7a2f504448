#include "engine/media_stream/session.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/base/log.hpp"

namespace parley::media_stream {
namespace {

constexpr int try_again_later = 1013;
constexpr int normal = 1000;

}  // namespace

Session::Session(const Dialect& dialect, std::string agent, Address local, Address far, Wire wire,
                 Open open)
    : dialect_(dialect),
      agent_(std::move(agent)),
      local_(local),
      far_(far),
      wire_(std::move(wire)),
      open_(std::move(open)),
      stream_(dialect) {}

Session::~Session() { closed(); }

void Session::text(std::string_view message) {
  auto heard = stream_.take(message);
  if (heard) std::visit([this](auto& one) { on(one); }, *heard);
}

void Session::closed() { end({.detail = "the WebSocket closed without a stop"}); }

void Session::on(Started& started) {
  const auto named = started.start.parameters.find("agent");
  const auto agent = named == started.start.parameters.end() ? agent_ : named->second;
  auto port = open_({.dialect = &dialect_,
                     .started = std::move(started),
                     .agent = agent,
                     .local = local_,
                     .far = far_,
                     .wire = wire_});
  if (!port) return wire_.close(try_again_later, port.error());
  port_ = *std::move(port);
}

void Session::on(const Stopped&) {
  end({.stopped = true});
  wire_.close(normal, "stopped");
}

void Session::on(const Fault& fault) {
  wire_.close(fault.code, fault.reason);
  end({.detail = fault.reason});
}

void Session::end(Over over) {
  if (!port_) return;
  const auto& c = stream_.counters();
  const auto dropped = port_->refused();
  if (c.malformed || c.complaints || dropped)
    log::warn("media_stream", "",
              "{}: {} of {} messages were wrong, {} complaints, {} found the loop busy; last: {}",
              dialect_.name, c.malformed, c.messages, c.complaints, dropped,
              stream_.last_mistake());
  std::exchange(port_, nullptr)->over(std::move(over));
}

}  // namespace parley::media_stream
