// stream_gate: joins the WebSockets at /media/... to calls: who may open one, and which agent
// answers.
//
// Threads: control's; set_accepting() from any.
#pragma once

#include <atomic>

#include "engine/call/calls.hpp"
#include "engine/control/backend.hpp"
#include "engine/media_stream/admission.hpp"

namespace parley {

class StreamGate {
 public:
  using FindAgent = std::function<Result<CallAgent>(const std::string& name)>;

  StreamGate(media_stream::Secrets secrets, FindAgent find_agent, Calls& calls)
      : secrets_(std::move(secrets)), find_agent_(std::move(find_agent)), calls_(&calls) {}

  control::StreamBackend backend();
  void set_accepting(bool accepting) { accepting_ = accepting; }
  void detach();  // before the calls go: sockets outlive them

 private:
  std::optional<control::Response> refusal(const control::StreamRequest& request) const;
  std::unique_ptr<control::StreamHandler> open(const control::StreamRequest& request,
                                               control::StreamSocket socket);

  Result<std::shared_ptr<media_stream::Port>> call(const media_stream::Offer& offer);

  const media_stream::Secrets secrets_;
  const FindAgent find_agent_;
  Guarded<Calls*> calls_;
  std::atomic<bool> accepting_ = true;
};

}  // namespace parley
