// phone: places scripted calls over SIP/UDP: one endpoint, as many calls as
// wanted, each on a loop of the caller's choice.
//
// Threads: call() from any; what an Order hands in is called on its loop.
// Destroy it before the loops.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/guarded.hpp"
#include "engine/base/loop.hpp"
#include "engine/base/result.hpp"
#include "engine/sip/endpoint.hpp"
#include "tools/caller/scripted_caller.hpp"

namespace parley::caller {

// How a call went. `caller` is null when it was never answered; it ends with
// the callback.
struct Outcome {
  bool completed = false;
  std::string reason{};
  const ScriptedCaller* caller = nullptr;
};

struct Order {
  LoopRef loop{};
  std::string to{};  // "sip:user@host:port"
  std::string from = "caller";
  ProgramRef program{};
  LineSettings line{};
  int ring_seconds = 30;
  std::function<void(const ScriptedCaller&)> on_answer{};
  ScriptedCaller::OnStep on_step{};
  std::function<void(const Outcome&)> on_end{};  // once
};

class Phone {
 public:
  // `host`: the numeric IPv4 address that calls come from.
  static Result<std::unique_ptr<Phone>> open(const std::string& host, std::size_t max_calls = 4096);
  ~Phone();  // hangs up what is left; no callback comes any more
  Phone(const Phone&) = delete;
  Phone& operator=(const Phone&) = delete;

  void call(Order order);
  void hang_up_all();  // each call ends with on_end

 private:
  class Call;
  struct Calls;

  explicit Phone(std::string host);
  void notice(const sip::Notice& notice);

  const std::string host_;
  const std::shared_ptr<Calls> calls_;
  std::unique_ptr<sip::Endpoint> endpoint_;
};

}  // namespace parley::caller
