#include "engine/control/server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

#include "engine/base/guarded.hpp"
#include "engine/base/log.hpp"
#include "engine/base/mailbox.hpp"
#include "engine/control/access.hpp"
#include "engine/control/api.hpp"
#include "engine/control/http.hpp"
#include "engine/control/live_view.hpp"
#include "engine/control/page.hpp"
#include "engine/control/protocol.hpp"
#include "engine/control/routes.hpp"
#include "engine/control/streams.hpp"

namespace parley::control {
namespace {

constexpr unsigned header_bytes_max = 8192;
constexpr unsigned header_timeout_s = 10;
constexpr int keepalive_s = 15;
constexpr int sends_per_turn = 64;  // to one console, before the others have theirs
// A console that answers no ping is gone, or reads nothing at all.
constexpr lws_retry_bo_t liveliness = {
    .retry_ms_table = nullptr,
    .retry_ms_table_count = 0,
    .conceal_count = 0,
    .secs_since_valid_ping = 30,
    .secs_since_valid_hangup = 60,
    .jitter_percent = 0,
};

Session::Text shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// Where events wait for the control thread. It outlives the server: a publisher may still be in the
// sink while the server goes.
class Inbox {
 public:
  explicit Inbox(std::size_t capacity) : box_(capacity, [this] { wake(); }) {}

  void offer(const EventPtr& event) {
    if (box_.offer(event)) return;
    // The view must learn that a call is over, or it would show it for ever. At most one a call.
    if (event->kind == "call.ended") endings_.with([&](auto& all) { all.push_back(event); });
  }

  std::vector<EventPtr> take() {
    auto events = box_.take_now();
    auto endings = endings_.with([](auto& all) { return std::exchange(all, {}); });
    events.insert(events.end(), endings.begin(), endings.end());
    return events;
  }

  std::uint64_t refused() const { return box_.refused(); }

  void connect(lws_context* context) {
    context_.with([&](auto*& mine) { mine = context; });
  }
  void wake() {
    context_.with([](auto* context) {
      if (context) lws_cancel_service(context);
    });
  }

 private:
  Guarded<lws_context*> context_{nullptr};
  Guarded<std::vector<EventPtr>> endings_;
  Mailbox<EventPtr> box_;
};

// An HTTP request while it is read, and its answer while it is written.
struct Exchange {
  Request request{};
  std::vector<std::pair<std::string, std::string>> headers{};  // for the answer
  std::optional<Answer> answer{};
  bool close = false;  // when the answer is out
};

struct Console {
  Session session;
  std::string incoming{};
};

class LwsServer final : public Server {
 public:
  LwsServer(Options options, Backend backend, Access access, std::vector<Route> page)
      : options_(std::move(options)),
        backend_(std::move(backend)),
        access_(std::move(access)),
        routes_(table(std::move(page))),
        inbox_(std::make_shared<Inbox>(options_.events_max)),
        streams_(backend_.streams, options_.body_bytes_max, [inbox = inbox_] { inbox->wake(); }) {}

  ~LwsServer() override {
    subscription_.reset();
    thread_ = {};  // asks it to stop and waits for it
    inbox_->connect(nullptr);
    if (context_) lws_context_destroy(context_);
  }

  Status start(EventHub& hub);
  std::string address() const override { return access_.listen.text(); }

 private:
  std::vector<Route> table(std::vector<Route> page);
  nlohmann::json own_health() const;
  bool create_context();
  void run(const std::stop_token& stop);

  static int on_lws(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size);
  int on(lws* wsi, lws_callback_reasons reason, std::string_view in);

  // HTTP
  int on_request(lws* wsi);
  int on_body(lws* wsi, std::string_view bytes);
  int on_body_end(lws* wsi);
  int on_http_writable(lws* wsi);
  int on_upgrade(lws* wsi, std::string_view to);
  int send(lws* wsi, Exchange& exchange, Response response);
  Response finished(const Exchange& exchange, Response response) const;
  std::optional<Response> refusal(lws* wsi, Exchange& exchange);

  // WebSocket
  int on_message(lws* wsi, std::string_view bytes);
  int on_console_writable(lws* wsi);
  bool obey(lws* wsi, Console& console, std::string_view text);
  std::string carry_out(Console& console, const Command& command, bool& show_state);
  Session::Text state_of(const Console& console) const;

  // Events
  void drain();
  void fan_out(const Event& event);
  void tell_of_losses();

  Options options_;
  Backend backend_;
  Access access_;
  Routes routes_;
  LiveView view_;
  std::unordered_set<lws*> connections_;
  std::unordered_map<lws*, Exchange> exchanges_;
  std::unordered_map<lws*, Console> consoles_;
  std::uint64_t lost_ = 0, resyncs_ = 0, refused_ = 0;

  const std::shared_ptr<Inbox> inbox_;
  Streams streams_;
  std::string iface_;
  std::array<lws_protocols, 2> protocols_{};
  lws_context* context_ = nullptr;
  std::shared_ptr<void> subscription_;
  std::jthread thread_;
};

// --- Start and stop

Status can_bind(const Address& address) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_in);
  if (address.ipv6()) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
    *in6 = {};
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(std::uint16_t(address.port));
    inet_pton(AF_INET6, address.host.c_str(), &in6->sin6_addr);
    size = sizeof(sockaddr_in6);
  } else {
    auto* in4 = reinterpret_cast<sockaddr_in*>(&storage);
    in4->sin_family = AF_INET;
    in4->sin_port = htons(std::uint16_t(address.port));
    inet_pton(AF_INET, address.host.c_str(), &in4->sin_addr);
  }
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&storage), size) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (bound) return ok();
  if (error == EADDRINUSE)
    return Error{
        fmt::format("{} is in use, perhaps by another parleyd; stop that one or give this "
                    "one another [control] listen (port 0 takes a free one)",
                    address.text())};
  return Error{
      fmt::format("cannot listen on {}: {}; set [control] listen to an address of this "
                  "machine",
                  address.text(), std::strerror(error))};
}

void log_lws(int level, const char* line) {
  std::string_view text(line);
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (level == LLL_ERR)
    log::warn("control", "", "libwebsockets: {}", text);
  else
    log::debug("control", "", "libwebsockets: {}", text);
}

std::vector<Route> LwsServer::table(std::vector<Route> page) {
  auto routes = api_routes(backend_, [this] { return own_health(); });
  routes.insert(routes.end(), std::make_move_iterator(page.begin()),
                std::make_move_iterator(page.end()));
  return routes;
}

bool LwsServer::create_context() {
  lws_set_log_level(LLL_ERR | LLL_WARN, log_lws);
  protocols_[0] = {.name = "parley",
                   .callback = &LwsServer::on_lws,
                   .per_session_data_size = 0,
                   .rx_buffer_size = 16'384,
                   .id = 0,
                   .user = nullptr,
                   .tx_packet_size = 0};
  lws_context_creation_info info{};
  info.port = access_.listen.port;
  iface_ = access_.listen.host;
  info.iface = access_.listen.wildcard() ? nullptr : iface_.c_str();
  info.protocols = protocols_.data();
  info.user = this;
  info.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
  if (!access_.listen.ipv6()) info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
  info.max_http_header_data2 = header_bytes_max;
  info.max_http_header_pool2 = unsigned(options_.connections_max);
  info.fd_limit_per_thread = unsigned(options_.connections_max) + 16;  // lws has some of its own
  info.timeout_secs = header_timeout_s;
  info.keepalive_timeout = keepalive_s;
  info.retry_and_idle_policy = &liveliness;
  info.server_string = "parley";
  info.vhost_name = "parley";
  context_ = lws_create_context(&info);
  return context_ != nullptr;
}

Status LwsServer::start(EventHub& hub) {
  if (auto status = can_bind(access_.listen); !status) return status;
  if (!create_context())
    return Error{fmt::format("libwebsockets cannot listen on {}; the log may say why",
                             access_.listen.text())};
  access_.listen.port = lws_get_vhost_listen_port(lws_get_vhost_by_name(context_, "parley"));
  inbox_->connect(context_);
  subscription_ = hub.subscribe([inbox = inbox_](const EventPtr& event) { inbox->offer(event); });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return ok();
}

void LwsServer::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "parley-control");
  const std::stop_callback wake(stop, [this] { inbox_->wake(); });
  while (!stop.stop_requested()) {
    lws_service(context_, 0);
    drain();
    streams_.service();
  }
}

nlohmann::json LwsServer::own_health() const {
  std::uint64_t resyncs = resyncs_;
  for (const auto& [wsi, console] : consoles_) resyncs += console.session.resyncs();
  return {{"consoles", consoles_.size()},
          {"events_lost", lost_},
          {"resyncs", resyncs},
          {"streams", streams_.size()},
          {"stream_messages_unsent", streams_.unsent()},
          {"refused", refused_}};
}

// --- What libwebsockets calls

int LwsServer::on_lws(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size) {
  auto* self = static_cast<LwsServer*>(lws_context_user(lws_get_context(wsi)));
  // Nothing may throw through C. What does throw here is out of memory; the connection goes.
  try {
    return self->on(wsi, reason, {static_cast<const char*>(in), in ? size : 0});
  } catch (const std::exception& e) {
    log::error("control", "", "a connection failed: {}", e.what());
    return -1;
  }
}

int LwsServer::on(lws* wsi, lws_callback_reasons reason, std::string_view in) {
  switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
      if (connections_.size() < options_.connections_max) return 0;
      ++refused_;
      return -1;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
      connections_.insert(wsi);
      return 0;
    case LWS_CALLBACK_WSI_DESTROY:
      streams_.on_closed(wsi);
      connections_.erase(wsi);
      exchanges_.erase(wsi);
      return 0;
    case LWS_CALLBACK_HTTP:
      return on_request(wsi);
    case LWS_CALLBACK_HTTP_BODY:
      return on_body(wsi, in);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
      return on_body_end(wsi);
    case LWS_CALLBACK_HTTP_WRITEABLE:
      return on_http_writable(wsi);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
      return on_upgrade(wsi, in.data() ? in.data() : "");  // comes without its size
    case LWS_CALLBACK_ESTABLISHED:
      if (!streams_.on_established(wsi)) consoles_.emplace(wsi, Console{Session(options_.console)});
      return 0;
    case LWS_CALLBACK_RECEIVE:
      return streams_.has(wsi) ? streams_.on_message(wsi, in) : on_message(wsi, in);
    case LWS_CALLBACK_SERVER_WRITEABLE:
      return streams_.has(wsi) ? streams_.on_writable(wsi) : on_console_writable(wsi);
    case LWS_CALLBACK_TIMER:
      return streams_.has(wsi) ? streams_.on_timer(wsi) : 0;
    case LWS_CALLBACK_CLOSED:
      streams_.on_closed(wsi);
      if (const auto it = consoles_.find(wsi); it != consoles_.end()) {
        resyncs_ += it->second.session.resyncs();
        consoles_.erase(it);
      }
      return 0;
    default:
      return 0;
  }
}

// --- HTTP

std::optional<Response> LwsServer::refusal(lws* wsi, Exchange& exchange) {
  const auto origin = header(wsi, WSI_TOKEN_ORIGIN);
  if (auto why = access_.refusal(header(wsi, WSI_TOKEN_HOST), origin)) {
    ++refused_;
    return problem(403, *why);
  }
  if (!origin.empty())
    exchange.headers = {{"access-control-allow-origin", origin}, {"vary", "origin"}};
  return {};
}

int LwsServer::on_request(lws* wsi) {
  exchanges_.erase(wsi);
  auto& exchange = exchanges_[wsi];
  exchange.request = read_request(wsi);
  const auto length = body_length(wsi);
  exchange.close = !length || *length > 0;
  if (auto no = refusal(wsi, exchange)) return send(wsi, exchange, std::move(*no));
  if (!length)
    return send(wsi, exchange, problem(400, "Send the body in one piece, with a Content-Length."));
  if (*length > options_.body_bytes_max)
    return send(wsi, exchange,
                problem(413, fmt::format("The body has {} bytes; {} is the most.", *length,
                                         options_.body_bytes_max)));
  if (*length > 0) return 0;  // on_body_end() answers
  return send(wsi, exchange, routes_.answer(exchange.request));
}

int LwsServer::on_body(lws* wsi, std::string_view bytes) {
  const auto it = exchanges_.find(wsi);
  if (it == exchanges_.end() || it->second.answer)
    return 0;  // answered already: what comes is lost
  it->second.request.body += bytes;
  return it->second.request.body.size() > options_.body_bytes_max ? -1 : 0;
}

int LwsServer::on_body_end(lws* wsi) {
  const auto it = exchanges_.find(wsi);
  if (it == exchanges_.end() || it->second.answer) return 0;
  it->second.close = false;
  return send(wsi, it->second, routes_.answer(it->second.request));
}

Response LwsServer::finished(const Exchange& exchange, Response response) const {
  response.headers.insert(response.headers.end(), exchange.headers.begin(), exchange.headers.end());
  if (response.type == "application/json")
    response.headers.emplace_back("cache-control", "no-store");
  return response;
}

int LwsServer::send(lws* wsi, Exchange& exchange, Response response) {
  exchange.answer.emplace(finished(exchange, std::move(response)),
                          exchange.request.method == "HEAD");
  if (!exchange.answer->start(wsi)) return -1;
  lws_callback_on_writable(wsi);
  return 0;
}

int LwsServer::on_http_writable(lws* wsi) {
  const auto it = exchanges_.find(wsi);
  if (it == exchanges_.end() || !it->second.answer) return 0;
  switch (it->second.answer->write(wsi)) {
    case Answer::Step::broken:
      return -1;
    case Answer::Step::more:
      lws_callback_on_writable(wsi);
      return 0;
    case Answer::Step::done:
      break;
  }
  const bool close = it->second.close;
  exchanges_.erase(it);
  return close || lws_http_transaction_completed(wsi) ? -1 : 0;
}

// 0: lws goes on with the upgrade. 1: answered.
int LwsServer::on_upgrade(lws* wsi, std::string_view to) {
  Exchange exchange{.request = read_request(wsi)};
  auto no = refusal(wsi, exchange);
  if (!no && (to != "websocket" || !routes_.websocket(exchange.request.path)))
    no = problem(400,
                 "There are WebSockets at /api/v1/ws, /media/twilio and /media/telnyx, and no "
                 "other upgrade.");
  if (const bool stream = Streams::is_stream(exchange.request.path); !no && stream) {
    no = streams_.on_upgrade(wsi, exchange.request);
    refused_ += bool(no);
  } else if (!no && consoles_.size() >= options_.consoles_max) {
    ++refused_;
    no = problem(503, fmt::format("{} consoles are open; that is the most.", consoles_.size()));
  }
  if (!no) return 0;
  Answer answer(finished(exchange, std::move(*no)), false);
  if (!answer.start(wsi)) return -1;
  return answer.write(wsi) == Answer::Step::done ? 1 : -1;
}

// --- WebSocket

int LwsServer::on_message(lws* wsi, std::string_view bytes) {
  const auto it = consoles_.find(wsi);
  if (it == consoles_.end()) return -1;
  auto& console = it->second;
  if (console.incoming.size() + bytes.size() > options_.body_bytes_max) {
    static constexpr std::string_view why = "a message is too long";
    lws_close_reason(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
                     reinterpret_cast<unsigned char*>(const_cast<char*>(why.data())), why.size());
    return -1;
  }
  console.incoming += bytes;
  if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0) return 0;
  const auto text = std::exchange(console.incoming, {});
  return obey(wsi, console, text) ? 0 : -1;
}

// False: the console is to be disconnected.
bool LwsServer::obey(lws* wsi, Console& console, std::string_view text) {
  drain();  // what was published before the command is in the state that it gets
  bool show_state = false;
  std::string answer;
  const auto message = parse_command(text);
  if (const auto* refused = std::get_if<Refused>(&message))
    answer = error(refused->id, refused->detail);
  else
    answer = carry_out(console, std::get<Command>(message), show_state);
  if (!console.session.answer(shared(std::move(answer)))) return false;
  if (show_state) console.session.state(state_of(console));
  lws_callback_on_writable(wsi);
  return true;
}

std::string LwsServer::carry_out(Console& console, const Command& command, bool& show_state) {
  if (command.verb == Verb::subscribe || command.verb == Verb::unsubscribe) {
    const bool on = command.verb == Verb::subscribe;
    const auto status =
        on ? console.session.subscribe(command.call) : console.session.unsubscribe(command.call);
    if (!status) return error(command.id, status.error());
    show_state = on;
    return ack(command.id);
  }
  const auto done = control::run(backend_, command);
  return done ? ack(command.id, *done) : error(command.id, done.error());
}

Session::Text LwsServer::state_of(const Console& console) const {
  return shared(state_message(
      view_.calls([&](const std::string& call) { return console.session.wants(call); })));
}

int LwsServer::on_console_writable(lws* wsi) {
  const auto it = consoles_.find(wsi);
  if (it == consoles_.end()) return -1;
  auto& session = it->second.session;
  if (const auto dropped = session.behind())
    session.resync(shared(resync_message(*dropped)), state_of(it->second));
  for (int i = 0; i < sends_per_turn && !lws_send_pipe_choked(wsi); ++i) {
    const auto text = session.next();
    if (!text) break;
    std::vector<unsigned char> frame(LWS_PRE + (*text)->size());
    std::memcpy(frame.data() + LWS_PRE, (*text)->data(), (*text)->size());
    if (lws_write(wsi, frame.data() + LWS_PRE, (*text)->size(), LWS_WRITE_TEXT) < 0) return -1;
  }
  if (!session.idle()) lws_callback_on_writable(wsi);
  return 0;
}

// --- Events

void LwsServer::drain() {
  for (const auto& event : inbox_->take()) {
    view_.fold(*event);
    fan_out(*event);
  }
  tell_of_losses();
}

void LwsServer::fan_out(const Event& event) {
  Session::Text text;  // written once, if anybody wants it
  for (auto& [wsi, console] : consoles_) {
    if (!console.session.wants(event.call)) continue;
    if (!text) text = shared(event_message(event));
    console.session.event(text);
    lws_callback_on_writable(wsi);
  }
}

void LwsServer::tell_of_losses() {
  const auto refused = inbox_->refused();
  if (refused == lost_) return;
  const auto count = refused - std::exchange(lost_, refused);
  log::warn("control", "", "{} events found the consoles' mailbox full", count);
  for (auto& [wsi, console] : consoles_) {
    console.session.lose(count);
    lws_callback_on_writable(wsi);
  }
  if (options_.lost) options_.lost(count);
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(Options options, Backend backend, EventHub& hub) {
  auto address = parse_address(options.listen);
  if (!address) return Error{"[control] listen: " + address.error()};
  if (auto status = may_listen(*address, options.insecure); !status) return Error{status.error()};
  auto page =
      options.page.empty() ? Result<std::vector<Asset>>(embedded_page()) : page_from(options.page);
  if (!page) return Error{page.error()};
  Access access{.listen = *address, .hosts = options.hosts, .origins = options.origins};
  auto server = std::make_unique<LwsServer>(std::move(options), std::move(backend),
                                            std::move(access), page_routes(std::move(*page)));
  if (auto status = server->start(hub); !status) return Error{status.error()};
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace parley::control
