#include "tools/caller/phone.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/sip/sdp.hpp"
#include "plugins/rtp/packet_port.hpp"

namespace parley::caller {
namespace {

sip::Local local_side(const sip::MediaAddress& media, std::uint64_t session,
                      std::string_view codec) {
  return {.media = media,
          .session = session,
          .codecs = codec == "PCMA" ? std::vector<sip::Payload>{{.type = 8, .name = "PCMA"}}
                                    : std::vector<sip::Payload>{{.type = 0, .name = "PCMU"}}};
}

}  // namespace

// What calls and the SIP thread share. The endpoint is gone once the phone is.
struct Phone::Calls {
  struct Table {
    sip::Endpoint* endpoint = nullptr;
    std::unordered_map<sip::SessionId, std::shared_ptr<Call>> live{};
  };
  Guarded<Table> table;
};

// One call, on its loop.
class Phone::Call : public std::enable_shared_from_this<Call> {
 public:
  Call(Order order, std::string host, std::shared_ptr<Calls> calls)
      : order_(std::move(order)), host_(std::move(host)), calls_(std::move(calls)) {}

  Loop& loop() { return *order_.loop; }

  void begin() {
    const auto address = parse_address(host_, 0);
    if (!address) return end(false, address.error());
    auto port = open_udp_port(order_.loop, *address);
    if (!port) return end(false, port.error());
    port_ = *std::move(port);
    local_ = local_side({.host = host_, .port = port_->local().port}, order_.line.seed,
                        order_.line.codec);
    sip::Dial dial{.to = order_.to,
                   .from = order_.from,
                   .sdp = sip::write_offer(local_),
                   .ring_seconds = order_.ring_seconds};
    calls_->table.with([&](Calls::Table& table) {
      if (!table.endpoint) return;
      session_ = table.endpoint->dial(dial);
      if (session_ != 0) table.live[session_] = shared_from_this();
    });
    if (session_ == 0) end(false, "the SIP endpoint takes no more orders");
  }

  void notice(const sip::Notice& notice) {
    if (ended_) return;
    if (const auto* accepted = std::get_if<sip::Accepted>(&notice)) return answered(accepted->sdp);
    if (const auto* gone = std::get_if<sip::Ended>(&notice)) return far_end_gone(*gone);
  }

  void hang_up() { end(false, "it was hung up from outside"); }
  void silence() { ended_ = true; }

 private:
  void answered(const std::string& sdp) {
    const auto agreement = sip::accept_answer(sdp, local_);
    if (!agreement) return end(false, agreement.error());
    const auto remote =
        parse_address(agreement->remote.host, static_cast<std::uint16_t>(agreement->remote.port));
    if (!remote) return end(false, remote.error());
    order_.line.codec = agreement->codec();
    order_.line.dtmf_type = agreement->dtmf_type();
    line_ =
        std::make_unique<ScriptedCaller>(order_.loop, port_, *remote, order_.program, order_.line);
    line_->start([this] { end(line_->state() == State::completed, line_->reason()); },
                 order_.on_step);
    if (order_.on_answer) order_.on_answer(*line_);
  }

  void far_end_gone(const sip::Ended& gone) {
    if (line_) return line_->far_end_gone();
    end(false, gone.code ? fmt::format("the call was not answered: {} {}", gone.code, gone.detail)
                         : fmt::format("the call was not answered: {}", gone.detail));
  }

  void end(bool completed, const std::string& reason) {
    if (std::exchange(ended_, true)) return;
    const auto self = shared_from_this();
    calls_->table.with([&](Calls::Table& table) {
      if (table.live.erase(session_) != 0 && table.endpoint) table.endpoint->hang_up(session_);
    });
    if (order_.on_end)
      order_.on_end({.completed = completed, .reason = reason, .caller = line_.get()});
    // The line may be what is calling: it goes in a dispatch of its own.
    (void)loop().after({}, [self] {});
  }

  Order order_;
  const std::string host_;
  sip::Local local_;
  const std::shared_ptr<Calls> calls_;
  sip::SessionId session_ = 0;
  std::shared_ptr<PacketPort> port_;
  std::unique_ptr<ScriptedCaller> line_;
  bool ended_ = false;
};

Result<std::unique_ptr<Phone>> Phone::open(const std::string& host, std::size_t max_calls) {
  auto phone = std::unique_ptr<Phone>(new Phone(host));
  auto endpoint = sip::Endpoint::open(
      {.listen = host + ":0", .max_sessions = max_calls, .user_agent = "parley-caller"},
      [raw = phone.get()](const sip::Notice& notice) { raw->notice(notice); });
  if (!endpoint) return Error{endpoint.error()};
  phone->endpoint_ = *std::move(endpoint);
  phone->calls_->table.with([&](Calls::Table& table) { table.endpoint = phone->endpoint_.get(); });
  return phone;
}

Phone::Phone(std::string host) : host_(std::move(host)), calls_(std::make_shared<Calls>()) {}

Phone::~Phone() {
  auto live = calls_->table.with([](Calls::Table& table) {
    table.endpoint = nullptr;
    return std::exchange(table.live, {});
  });
  for (auto& [session, call] : live) {
    auto& loop = call->loop();
    (void)loop.post([call = std::move(call)] { call->silence(); });
  }
  endpoint_.reset();
}

void Phone::call(Order order) {
  auto& loop = *order.loop;
  const auto on_end = order.on_end;
  const auto call = std::make_shared<Call>(std::move(order), host_, calls_);
  if (!loop.post([call] { call->begin(); }) && on_end) {
    on_end({.completed = false, .reason = "the loop's mailbox is full", .caller = nullptr});
  }
}

void Phone::hang_up_all() {
  std::vector<std::shared_ptr<Call>> live;
  calls_->table.with([&](Calls::Table& table) {
    for (const auto& [session, call] : table.live) live.push_back(call);
  });
  for (auto& call : live) (void)call->loop().post([call] { call->hang_up(); });
}

void Phone::notice(const sip::Notice& notice) {
  if (const auto* invite = std::get_if<sip::Invite>(&notice)) {
    endpoint_->refuse(invite->session, 603, "This phone only calls");
    return;
  }
  const auto session = std::visit([](const auto& n) { return n.session; }, notice);
  calls_->table.with([&](Calls::Table& table) {
    const auto found = table.live.find(session);
    if (found == table.live.end()) return;
    (void)found->second->loop().post([call = found->second, notice] { call->notice(notice); });
  });
}

}  // namespace parley::caller
