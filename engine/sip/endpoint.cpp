// endpoint: the thread that owns libre, the mailbox that reaches it and the table of sessions.

#include "engine/sip/endpoint.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/base/mailbox.hpp"
#include "engine/sip/door.hpp"
#include "engine/sip/leg.hpp"
#include "engine/sip/libre.hpp"
#include "engine/sip/request_check.hpp"
#include "engine/sip/stack.hpp"

namespace parley::sip {
namespace {

constexpr std::size_t most_commands = 65536;
constexpr int busy_retry_s = 5;
constexpr Nanos closing_limit = 1800ms;
constexpr std::uint64_t closing_key = 0;  // no session has the id 0

class LibreEndpoint final : public Endpoint {
 public:
  LibreEndpoint(const Options& options, OnNotice on_notice)
      : options_(options),
        on_notice_(std::move(on_notice)),
        wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        commands_(most_commands, [this] { wake(); }) {}

  ~LibreEndpoint() override {
    closing_ = true;
    wake();
    if (thread_.joinable()) thread_.join();
    if (wake_fd_ >= 0) close(wake_fd_);
  }

  Status start() {
    if (wake_fd_ < 0) return Error{"no descriptor is left for the SIP thread"};
    std::promise<Status> opened;
    auto answer = opened.get_future();
    thread_ = std::thread([this, &opened] { run(opened); });
    pthread_setname_np(thread_.native_handle(), "parley-sip");
    return answer.get();
  }

  std::string address() const override { return address_; }

  void ring(SessionId session) override { order(session, in::Ring{}); }
  void answer(SessionId session, std::string sdp) override {
    order(session, in::Answer{.sdp = std::move(sdp)});
  }
  void refuse(SessionId session, int code, std::string phrase, int retry_after_s) override {
    if (code < 300 || code > 699) code = 500;
    order(session, in::Refuse{code, std::move(phrase), retry_after_s});
  }
  void hang_up(SessionId session) override { order(session, in::HangUp{}); }

  SessionId dial(const Dial& dial) override {
    const auto id = next_id_++;
    return command([this, id, dial] { place(id, dial); }) ? id : 0;
  }

  void set_accepting(bool accepting) override { accepting_ = accepting; }
  Counters counters() const override { return counters_.snapshot(); }

 private:
  using Command = std::function<void()>;

  // --- any thread

  void wake() const {
    const std::uint64_t one = 1;
    (void)!write(wake_fd_, &one, sizeof(one));
  }

  bool command(Command what) {
    if (commands_.offer(std::move(what))) return true;
    if (counters_.lost_commands++ == 0)
      log::error("sip", "", "the SIP thread is overwhelmed: an order was not taken");
    return false;
  }

  void order(SessionId session, Input input) {
    (void)command([this, session, input = std::move(input)] {
      if (auto* leg = find(session)) leg->feed(input);
    });
  }

  // --- the SIP thread

  void run(std::promise<Status>& opened) {
    bool answered = false;
    const auto ready = [&](Status status) {
      if (std::exchange(answered, true)) return;
      address_ = stack_->address();
      opened.set_value(std::move(status));
    };
    Stack stack(options_, counters_,
                {.ready = ready,
                 .woken = [this] { on_woken(); },
                 .request = [this](const sip_msg& m) { on_request(m); },
                 .response = [this](const sip_msg& m) { on_response(m); },
                 .due = [this](std::uint64_t key) { on_due(key); }});
    stack_ = &stack;
    if (auto status = stack.open(wake_fd_); !status) return ready(std::move(status));
    Leg::Owner owner{.stack = stack,
                     .tell = [this](const Notice& notice) { on_notice_(notice); },
                     .changed = [this](Leg& leg) { on_changed(leg); }};
    owner_ = &owner;
    stack.run();
    by_call_id_.clear();
    legs_.clear();
  }

  void on_woken() {
    for (auto& command : commands_.take_now()) command();
    if (closing_ && !hanging_up_) hang_up_all();
  }

  void hang_up_all() {
    hanging_up_ = true;
    stack_->start_timer(closing_limit, closing_key);
    std::vector<SessionId> ids;
    for (const auto& [id, leg] : legs_) ids.push_back(id);
    for (const auto id : ids)
      if (auto* leg = find(id)) leg->feed(in::HangUp{});
    if (legs_.empty()) stack_->stop();
  }

  void on_due(std::uint64_t key) {
    if (key == closing_key) return stack_->stop();
    if (auto* leg = find(key / timer_count)) leg->feed(in::Due{Timer(key % timer_count)});
  }

  Leg* find(SessionId id) const {
    const auto found = legs_.find(id);
    return found == legs_.end() ? nullptr : found->second.get();
  }

  Leg* find(const sip_msg& message) const {
    const auto [first, last] = by_call_id_.equal_range(std::string(text(message.callid)));
    for (auto it = first; it != last; ++it)
      if (it->second->is_ours(message)) return it->second;
    return nullptr;
  }

  Leg& keep(std::unique_ptr<Leg> leg) {
    auto& kept = *leg;
    by_call_id_.emplace(leg->call_id(), &kept);
    legs_.emplace(leg->id(), std::move(leg));
    ++live_;
    return kept;
  }

  // After each input of a leg: it may have ended, it may be over.
  void on_changed(Leg& leg) {
    if (leg.session().ended() && ended_.insert(leg.id()).second) --live_;
    if (!leg.session().over()) return;
    const auto [first, last] = by_call_id_.equal_range(leg.call_id());
    for (auto it = first; it != last; ++it)
      if (it->second == &leg) {
        by_call_id_.erase(it);
        break;
      }
    ended_.erase(leg.id());
    legs_.erase(leg.id());
    if (hanging_up_ && legs_.empty()) stack_->stop();
  }

  void place(SessionId id, const Dial& dial) {
    const auto refuse = [&](std::string why) {
      on_notice_(Ended{.session = id, .why = Why::failed, .detail = std::move(why)});
    };
    if (hanging_up_ || closing_) return refuse("the SIP endpoint is closing");
    if (is_full()) return refuse("the SIP endpoint has no room for another call");
    auto leg = Leg::outbound(*owner_, id, dial);
    if (!leg) return refuse(leg.error());
    keep(*std::move(leg)).feed(in::Begin{});
  }

  bool is_full() const {
    return live_ >= options_.max_sessions || legs_.size() >= 2 * options_.max_sessions;
  }

  void on_request(const sip_msg& request) {
    const auto method = text(request.met);
    const bool in_dialog = pl_isset(&request.to.tag);
    if (method == "ACK") return on_ack(request);
    if (method == "OPTIONS" && !in_dialog)
      return is_open() ? say_options(request) : turn_away(request);
    if (method == "INVITE" && !in_dialog) return on_invite(request);
    auto* leg = in_dialog && method != "CANCEL" ? find(request) : nullptr;
    if (!leg) {
      (void)sip_reply(stack_->sip(), &request, 481, "Call/Transaction Does Not Exist");
      return;
    }
    if (leg->is_reinvite_again(request)) return;
    if (!leg->is_newer(request)) {
      (void)sip_reply(stack_->sip(), &request, 500, "CSeq Out Of Order");
      return;
    }
    if (method == "BYE")
      leg->on_bye(request);
    else if (method == "INVITE")
      leg->on_reinvite(request);
    else if (method == "INFO")
      leg->on_info(request);
    else
      say_options(request);
  }

  void on_ack(const sip_msg& ack) {
    if (auto* leg = find(ack)) leg->on_ack(ack);
  }

  void say_options(const sip_msg& request) {
    (void)sip_replyf(stack_->sip(), &request, 200, "OK",
                     "Allow: %s\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n",
                     allowed_methods);
  }

  bool is_open() const { return accepting_ && !closing_; }

  void turn_away(const sip_msg& request) {
    (void)sip_replyf(stack_->sip(), &request, 503, "Service Unavailable",
                     "Retry-After: %d\r\nContent-Length: 0\r\n\r\n", busy_retry_s);
  }

  void on_invite(const sip_msg& invite) {
    if (!is_open() || is_full()) {
      ++counters_.turned_away;
      return turn_away(invite);
    }
    const auto id = next_id_++;
    auto made = Leg::inbound(*owner_, id, invite);
    if (!made) {
      ++counters_.refused;
      (void)sip_reply(stack_->sip(), &invite, 400, "Bad Request");
      return log::debug("sip", "", "an INVITE was refused: {}", made.error());
    }
    auto& leg = keep(*std::move(made));
    on_notice_(notice_of(id, invite));
    leg.feed(in::Begin{});
  }

  static Notice notice_of(SessionId id, const sip_msg& invite) {
    char source[96] = "";
    re_snprintf(source, sizeof(source), "%J", &invite.src);
    return Invite{.session = id,
                  .call_id = std::string(text(invite.callid)),
                  .from = std::string(text(invite.from.auri)),
                  .to = std::string(text(invite.to.auri)),
                  .user = std::string(text(invite.uri.user)),
                  .source = source,
                  .sdp = std::string(reinterpret_cast<const char*>(mbuf_buf(invite.mb)),
                                     mbuf_get_left(invite.mb))};
  }

  void on_response(const sip_msg& response) {
    if (text(response.cseq.met) != "INVITE" || response.scode < 200 || response.scode > 299) return;
    const auto [first, last] = by_call_id_.equal_range(std::string(text(response.callid)));
    for (auto it = first; it != last; ++it)
      if (it->second->on_stray_answer(response)) return;
  }

  const Options options_;
  const OnNotice on_notice_;
  const int wake_fd_;
  Mailbox<Command> commands_;
  LiveCounters counters_;
  std::atomic<SessionId> next_id_ = 1;
  std::atomic<bool> accepting_ = true, closing_ = false;
  std::string address_;  // written before open() answers

  // The SIP thread's.
  Stack* stack_ = nullptr;
  Leg::Owner* owner_ = nullptr;
  std::unordered_map<SessionId, std::unique_ptr<Leg>> legs_;
  std::unordered_multimap<std::string, Leg*> by_call_id_;
  std::unordered_set<SessionId> ended_;  // of legs_, those that are no calls any more
  std::size_t live_ = 0;
  bool hanging_up_ = false;

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Endpoint>> Endpoint::open(const Options& options, OnNotice on_notice) {
  auto endpoint = std::make_unique<LibreEndpoint>(options, std::move(on_notice));
  if (auto started = endpoint->start(); !started) return Error{started.error()};
  return std::unique_ptr<Endpoint>(std::move(endpoint));
}

}  // namespace parley::sip
