#include "tools/parley/client.hpp"

#include <fmt/format.h>
#include <libwebsockets.h>

#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <deque>
#include <functional>

namespace parley::cli {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t answer_bytes_max = 16 << 20;

std::atomic<lws_context*> waiting{nullptr};  // whom interrupt() wakes
volatile std::sig_atomic_t interrupted = 0;

// One connection of libwebsockets', HTTP or WebSocket, driven by whoever waits for it.
class Wire {
 public:
  explicit Wire(Address server) : server_(std::move(server)) {
    lws_set_log_level(0, nullptr);
    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols_.data();
    info.user = this;
    context_ = lws_create_context(&info);
  }
  ~Wire() {
    waiting = nullptr;
    if (context_) lws_context_destroy(context_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Null `method`: a WebSocket.
  void connect(const std::string& path, const char* method) {
    if (!context_) return fail("libwebsockets does not start");
    const auto authority = server_.authority();
    lws_client_connect_info info{};
    info.context = context_;
    info.address = server_.host.c_str();
    info.port = server_.port;
    info.path = path.c_str();
    info.host = authority.c_str();
    info.method = method;
    info.alpn = "http/1.1";
    info.local_protocol_name = protocols_[0].name;
    info.pwsi = &wsi_;
    if (!lws_client_connect_via_info(&info)) fail("no connection");
  }

  // Serves until `done`, the connection is over, or (false) `patience` is.
  bool serve(const std::function<bool()>& done, std::optional<milliseconds> patience) {
    late_.is = false;
    if (patience)
      lws_sul_schedule(context_, 0, &late_.timer, ran_late, lws_usec_t(patience->count()) * 1000);
    waiting = context_;
    while (!done() && !over_ && !late_.is && lws_service(context_, 0) >= 0) {
    }
    waiting = nullptr;
    lws_sul_cancel(&late_.timer);
    return !late_.is;
  }

  void send(std::string message) {
    outgoing_.push_back(std::move(message));
    lws_callback_on_writable(wsi_);
  }

  bool up() const { return up_; }
  bool over() const { return over_; }
  unsigned status() const { return status_; }
  const std::string& trouble() const { return trouble_; }
  const std::string& body() const { return body_; }
  std::deque<Json>& messages() { return messages_; }

 private:
  struct Late {
    lws_sorted_usec_list_t timer{};  // first: ran_late() is given its address
    bool is = false;
  };

  static void ran_late(lws_sorted_usec_list_t* timer) { reinterpret_cast<Late*>(timer)->is = true; }

  static int dispatch(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size) {
    auto* self = static_cast<Wire*>(lws_context_user(lws_get_context(wsi)));
    return self ? self->on(wsi, reason, static_cast<const char*>(in), size) : 0;
  }

  int on(lws* wsi, lws_callback_reasons reason, const char* in, std::size_t size) {
    switch (reason) {
      case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        fail(in ? std::string(in, size) : "no connection");
        return 0;
      case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        status_ = lws_http_client_http_response(wsi);
        up_ = true;
        return 0;
      case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        return read_body(wsi);
      case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return keep(in, size);
      case LWS_CALLBACK_CLIENT_ESTABLISHED:
        up_ = true;
        return 0;
      case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(wsi, in, size);
      case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write(wsi);
      case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
      case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
      case LWS_CALLBACK_CLIENT_CLOSED:
        over_ = true;
        return 0;
      default:
        return 0;
    }
  }

  int read_body(lws* wsi) {
    std::array<char, LWS_PRE + 4096> buffer;
    char* at = buffer.data() + LWS_PRE;
    int size = int(buffer.size() - LWS_PRE);
    return lws_http_client_read(wsi, &at, &size) < 0 ? -1 : 0;
  }

  int keep(const char* in, std::size_t size) {
    if (body_.size() + size > answer_bytes_max) return -1;
    body_.append(in, size);
    return 0;
  }

  int receive(lws* wsi, const char* in, std::size_t size) {
    if (keep(in, size) != 0) return -1;
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0) return 0;
    auto message = Json::parse(std::exchange(body_, {}), nullptr, false);
    if (message.is_object()) messages_.push_back(std::move(message));
    return 0;
  }

  int write(lws* wsi) {
    if (outgoing_.empty()) return 0;
    const auto text = std::move(outgoing_.front());
    outgoing_.pop_front();
    std::string framed(LWS_PRE, '\0');
    framed += text;
    auto* start = reinterpret_cast<unsigned char*>(framed.data()) + LWS_PRE;
    if (lws_write(wsi, start, text.size(), LWS_WRITE_TEXT) < int(text.size())) return -1;
    if (!outgoing_.empty()) lws_callback_on_writable(wsi);
    return 0;
  }

  void fail(std::string why) {
    trouble_ = std::move(why);
    over_ = true;
  }

  const Address server_;
  const std::array<lws_protocols, 2> protocols_{{{.name = "parley-cli",
                                                  .callback = dispatch,
                                                  .per_session_data_size = 0,
                                                  .rx_buffer_size = 65'536,
                                                  .id = 0,
                                                  .user = nullptr,
                                                  .tx_packet_size = 0},
                                                 {}}};
  lws_context* context_ = nullptr;
  lws* wsi_ = nullptr;
  Late late_;
  bool up_ = false, over_ = false;
  unsigned status_ = 0;
  std::string trouble_, body_;
  std::deque<std::string> outgoing_;
  std::deque<Json> messages_;
};

constexpr std::string_view cannot_reach = "cannot reach parleyd at ",
                           gone = "parleyd went away at ", slow = "no answer from parleyd at ";

Error unreachable(const Address& server, const Wire& wire) {
  return Error{fmt::format("cannot reach parleyd at http://{}: is it running?{}",
                           server.authority(),
                           wire.trouble().empty() ? "" : " (" + wire.trouble() + ")")};
}

Error silent(const Address& server, milliseconds patience) {
  return Error{
      fmt::format("{}http://{} within {} s", slow, server.authority(), patience.count() / 1000.0)};
}

}  // namespace

Result<Address> Address::parse(const std::string& url) {
  const Error wrong{fmt::format("'{}' is no address of a parleyd: write http://HOST:PORT", url)};
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return wrong;
  auto rest = std::string_view(url).substr(scheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.find_first_of("/?# ") != std::string_view::npos)
    return wrong;
  auto host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = rest.substr(colon + 1);
  Address address{.host = std::string(host)};
  const auto* end = port.data() + port.size();
  const auto [parsed, failed] = std::from_chars(port.data(), end, address.port);
  if (host.empty() || failed != std::errc{} || parsed != end || address.port < 1 ||
      address.port > 65535)
    return wrong;
  return address;
}

std::string Address::authority() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const unsigned char c : text)
    out += std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~'
               ? std::string(1, char(c))
               : fmt::format("%{:02X}", c);
  return out;
}

Result<Json> get(const Address& server, const std::string& path, milliseconds patience) {
  Wire wire(server);
  wire.connect(path, "GET");
  const bool in_time = wire.serve([] { return false; }, patience);
  if (!wire.up()) return in_time ? unreachable(server, wire) : silent(server, patience);
  if (!in_time) return silent(server, patience);
  auto answer = Json::parse(wire.body(), nullptr, false);
  if (wire.status() / 100 == 2 && !answer.is_discarded()) return answer;
  if (answer.is_object() && answer.contains("detail") && answer["detail"].is_string())
    return Error{answer["detail"].get<std::string>()};
  if (wire.status() == 503 && answer.is_object()) return answer;  // /health of one that is not well
  return Error{fmt::format("http://{}{} answered {}: is that a parleyd?", server.authority(), path,
                           wire.status())};
}

bool is_unreached(const std::string& error) {
  return error.starts_with(cannot_reach) || error.starts_with(gone) || error.starts_with(slow);
}

struct Console::Parts {
  Address server;
  Wire wire;
  int last_id = 0;
  std::deque<Json> others{};  // what came while an answer was awaited
};

Console::Console(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Console::~Console() = default;

Result<std::unique_ptr<Console>> Console::open(const Address& server, milliseconds patience) {
  std::unique_ptr<Console> console(
      new Console(std::unique_ptr<Parts>(new Parts{.server = server, .wire = Wire(server)})));
  auto& wire = console->parts_->wire;
  wire.connect("/api/v1/ws", nullptr);
  const bool in_time = wire.serve([&] { return wire.up(); }, patience);
  if (!in_time) return silent(server, patience);
  if (!wire.up()) return unreachable(server, wire);
  return console;
}

Result<Json> Console::command(Json message, milliseconds patience) {
  auto& [server, wire, last_id, others] = *parts_;
  const int id = ++last_id;
  message["id"] = id;
  wire.send(message.dump(-1, ' ', false, Json::error_handler_t::replace));
  std::optional<Json> answer;
  const auto sort = [&] {
    for (; !wire.messages().empty(); wire.messages().pop_front()) {
      auto& one = wire.messages().front();
      if (one.value("id", Json()) == id)
        answer = std::move(one);
      else
        others.push_back(std::move(one));
    }
    return answer.has_value();
  };
  const bool in_time = wire.serve(sort, patience);
  if (!answer && !in_time) return silent(server, patience);
  if (!answer) return Error{fmt::format("{}http://{}", gone, server.authority())};
  if (answer->value("type", "") != "ack") return Error{answer->value("detail", "refused")};
  answer->erase("type");
  answer->erase("id");
  return *answer;
}

Result<std::optional<Json>> Console::next() {
  auto& [server, wire, last_id, others] = *parts_;
  const auto waits = [&] { return !others.empty() || !wire.messages().empty() || interrupted; };
  wire.serve(waits, {});
  if (interrupted) return std::optional<Json>{};
  auto& from = others.empty() ? wire.messages() : others;
  if (from.empty()) return Error{fmt::format("{}http://{}", gone, server.authority())};
  std::optional<Json> one(std::move(from.front()));
  from.pop_front();
  return one;
}

void Console::interrupt() {
  interrupted = 1;
  if (auto* context = waiting.load()) lws_cancel_service(context);
}

}  // namespace parley::cli
