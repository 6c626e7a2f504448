#include "engine/stream_gate.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/base/log.hpp"
#include "engine/control/routes.hpp"

namespace parley {
namespace {

// "/media/twilio/reception" -> twilio, reception
struct Target {
  const media_stream::Dialect* dialect = nullptr;
  std::string agent{};
};

std::string of_query(const control::StreamRequest& request, const char* name) {
  const auto it = request.query.find(name);
  return it == request.query.end() ? "" : it->second;
}

Target target_of(const control::StreamRequest& request) {
  constexpr std::string_view prefix = "/media/";
  const auto rest = std::string_view(request.path).substr(prefix.size());
  const auto slash = rest.find('/');
  Target target{.dialect = media_stream::dialect_of(rest.substr(0, slash))};
  if (slash != std::string_view::npos) target.agent = rest.substr(slash + 1);
  if (target.agent.empty()) target.agent = of_query(request, "agent");
  return target;
}

Address address_of(const std::string& host, int port) {
  const auto parsed = parse_address(host, std::uint16_t(port));
  return parsed ? *parsed : Address{.port = std::uint16_t(port)};  // IPv6: the port alone
}

class Handler final : public control::StreamHandler {
 public:
  template <class... Args>
  explicit Handler(Args&&... args) : session_(std::forward<Args>(args)...) {}
  void text(std::string_view message) override { session_.text(message); }
  bool waiting() const override { return session_.waiting(); }

 private:
  media_stream::Session session_;
};

}  // namespace

control::StreamBackend StreamGate::backend() {
  return {.refusal = [this](const auto& request) { return refusal(request); },
          .open = [this](const auto& request,
                         auto socket) { return open(request, std::move(socket)); }};
}

std::optional<control::Response> StreamGate::refusal(const control::StreamRequest& request) const {
  const auto target = target_of(request);
  if (!target.dialect)
    return control::problem(404, "There are media streams at /media/twilio and /media/telnyx.");
  const auto admitted = media_stream::admit(*target.dialect,
                                            {.path = request.path,
                                             .host = request.host,
                                             .signature = request.signature,
                                             .authorization = request.authorization,
                                             .token = of_query(request, "token"),
                                             .loopback = request.loopback,
                                             .forwarded = request.forwarded},
                                            secrets_);
  if (!admitted) {
    log::warn("media_stream", "", "a stream from {} was refused: {}", request.peer,
              admitted.error());
    return control::problem(403, admitted.error());
  }
  if (!accepting_) return control::problem(503, "This server is stopping.");
  if (!target.agent.empty() && !find_agent_(target.agent))
    return control::problem(404,
                            fmt::format("There is no agent \"{}\".", target.agent.substr(0, 40)));
  return {};
}

void StreamGate::detach() {
  calls_.with([](Calls*& calls) { calls = nullptr; });
}

Result<std::shared_ptr<media_stream::Port>> StreamGate::call(const media_stream::Offer& offer) {
  using Opened = Result<std::shared_ptr<media_stream::Port>>;
  return calls_.with([&](Calls* calls) -> Opened {
    if (!calls || !accepting_) return Error{"this server is stopping"};
    return calls->stream(offer);
  });
}

std::unique_ptr<control::StreamHandler> StreamGate::open(const control::StreamRequest& request,
                                                         control::StreamSocket socket) {
  auto target = target_of(request);
  return std::make_unique<Handler>(
      *target.dialect, std::move(target.agent), address_of(request.local, request.local_port),
      address_of(request.peer, request.peer_port),
      media_stream::Wire{.send = std::move(socket.send), .close = std::move(socket.close)},
      [this](const media_stream::Offer& offer) { return call(offer); });
}

}  // namespace parley
