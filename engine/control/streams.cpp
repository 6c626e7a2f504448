#include "engine/control/streams.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <deque>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/control/http.hpp"

namespace parley::control {
namespace {

constexpr std::size_t audio_max = 64, texts_max = 128;  // queued
constexpr std::size_t reason_bytes_max = 120;           // RFC 6455, 5.5
constexpr int sends_per_turn = 16;
constexpr lws_usec_t patience_us = 10 * LWS_US_PER_SEC;

std::string custom_header(lws* wsi, const std::string& name) {
  const auto with_colon = name + ":";
  const int length = lws_hdr_custom_length(wsi, with_colon.c_str(), int(with_colon.size()));
  if (length <= 0) return {};
  std::string value(std::size_t(length) + 1, '\0');
  const int n = lws_hdr_custom_copy(wsi, value.data(), int(value.size()), with_colon.c_str(),
                                    int(with_colon.size()));
  value.resize(n > 0 ? std::size_t(n) : 0);
  return value;
}

// An address and its port.
std::pair<std::string, int> end_of(lws* wsi, int (*ask)(int, sockaddr*, socklen_t*) noexcept) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (ask(lws_get_socket_fd(wsi), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto& in4 = reinterpret_cast<const sockaddr_in&>(storage);
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
  const bool six = storage.ss_family == AF_INET6;
  const void* bytes = six ? static_cast<const void*>(&in6.sin6_addr) : &in4.sin_addr;
  if (!inet_ntop(storage.ss_family, bytes, text.data(), text.size())) return {};
  std::string host = text.data();
  if (host.starts_with("::ffff:")) host.erase(0, 7);
  return {host, ntohs(six ? in6.sin6_port : in4.sin_port)};
}

void read_ends(lws* wsi, StreamRequest& request) {
  std::tie(request.peer, request.peer_port) = end_of(wsi, getpeername);
  std::tie(request.local, request.local_port) = end_of(wsi, getsockname);
  request.loopback = request.peer.starts_with("127.") || request.peer == "::1";
}

int close_with(lws* wsi, int code, std::string_view reason) {
  auto text = std::string(reason.substr(0, reason_bytes_max));
  lws_close_reason(wsi, lws_close_status(code), reinterpret_cast<unsigned char*>(text.data()),
                   text.size());
  return -1;
}

}  // namespace

// Who has something to send. Outlives the server, for calls that still speak while it goes.
struct Streams::Ready {
  explicit Ready(std::function<void()> w) : wake(std::move(w)) {}
  const std::function<void()> wake;
  Guarded<std::vector<std::uint64_t>> ids;

  void add(std::uint64_t id) {
    ids.with([&](auto& all) { all.push_back(id); });
    wake();
  }
};

class Streams::Outbox {
 public:
  struct Close {
    int code = 1000;
    std::string reason{};
  };
  struct Next {
    std::optional<std::string> text{};
    std::optional<Close> close{};  // when there is no more text
  };

  Outbox(std::uint64_t id, std::shared_ptr<Ready> ready) : id_(id), ready_(std::move(ready)) {}

  bool send(std::string text, bool urgent) {
    bool first = false;
    const bool taken = state_.with([&](State& s) {
      if (s.close) return true;  // it is over; nothing is missing
      if (s.texts.size() >= (urgent ? texts_max : audio_max)) return ++s.unsent, false;
      first = s.texts.empty();
      s.texts.push_back(std::move(text));
      return true;
    });
    if (first) ready_->add(id_);
    return taken;
  }

  void close(int code, const std::string& reason) {
    const bool first = state_.with([&](State& s) {
      if (s.close) return false;
      s.close = Close{code, reason};
      return true;
    });
    if (first) ready_->add(id_);
  }

  Next next() {
    return state_.with([](State& s) {
      Next next;
      if (s.texts.empty()) {
        next.close = s.close;
      } else {
        next.text = std::move(s.texts.front());
        s.texts.pop_front();
      }
      return next;
    });
  }

  std::uint64_t id() const { return id_; }
  std::uint64_t unsent() const {
    return state_.with([](const State& s) { return s.unsent; });
  }

 private:
  struct State {
    std::deque<std::string> texts{};
    std::optional<Close> close{};
    std::uint64_t unsent = 0;
  };
  const std::uint64_t id_;
  const std::shared_ptr<Ready> ready_;
  Guarded<State> state_;
};

Streams::Streams(StreamBackend backend, std::size_t message_bytes_max, std::function<void()> wake)
    : backend_(std::move(backend)),
      message_bytes_max_(message_bytes_max),
      ready_(std::make_shared<Ready>(std::move(wake))) {}

Streams::~Streams() = default;

std::optional<Response> Streams::on_upgrade(lws* wsi, const Request& request) {
  if (!backend_.refusal) return problem(503, "This server takes no media streams.");
  StreamRequest stream{.path = request.path,
                       .query = request.query,
                       .host = header(wsi, WSI_TOKEN_HOST),
                       .authorization = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION),
                       .signature = custom_header(wsi, "x-twilio-signature")};
  stream.forwarded =
      !header(wsi, WSI_TOKEN_X_FORWARDED_FOR).empty() || !custom_header(wsi, "forwarded").empty();
  read_ends(wsi, stream);
  if (auto no = backend_.refusal(stream)) return no;
  opening_[wsi] = std::move(stream);
  return {};
}

bool Streams::on_established(lws* wsi) {
  const auto opening = opening_.find(wsi);
  if (opening == opening_.end()) return false;
  auto out = std::make_shared<Outbox>(++last_id_, ready_);
  auto& stream = streams_[wsi];
  stream.out = out;
  by_id_.emplace(out->id(), wsi);
  stream.handler = backend_.open(
      opening->second,
      {.send = [out](std::string text, bool urgent) { return out->send(std::move(text), urgent); },
       .close = [out](int code, const std::string& reason) { out->close(code, reason); }});
  opening_.erase(opening);
  lws_set_timer_usecs(wsi, patience_us);
  return true;
}

int Streams::on_message(lws* wsi, std::string_view bytes) {
  auto& stream = streams_.at(wsi);
  if (!stream.handler) return 0;  // it is closing
  if (lws_frame_is_binary(wsi)) return end(wsi, 1003, "binary frames are not taken");
  if (stream.incoming.size() + bytes.size() > message_bytes_max_)
    return end(wsi, 1009, "a message is too long");
  stream.incoming += bytes;
  if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0) return 0;
  stream.handler->text(std::exchange(stream.incoming, {}));
  return 0;
}

int Streams::on_writable(lws* wsi) {
  auto& out = *streams_.at(wsi).out;
  for (int i = 0; i < sends_per_turn && !lws_send_pipe_choked(wsi); ++i) {
    const auto next = out.next();
    if (next.close) return end(wsi, next.close->code, next.close->reason);
    if (!next.text) return 0;
    std::vector<unsigned char> frame(LWS_PRE + next.text->size());
    std::memcpy(frame.data() + LWS_PRE, next.text->data(), next.text->size());
    if (lws_write(wsi, frame.data() + LWS_PRE, next.text->size(), LWS_WRITE_TEXT) < 0) return -1;
  }
  lws_callback_on_writable(wsi);
  return 0;
}

int Streams::on_timer(lws* wsi) {
  const auto& handler = streams_.at(wsi).handler;
  if (!handler || !handler->waiting()) return 0;
  return end(wsi, 1002, "no start came within 10 s");
}

// The handler goes at once: lws waits for the other side's part of the closing.
int Streams::end(lws* wsi, int code, std::string_view reason) {
  streams_.at(wsi).handler.reset();
  return close_with(wsi, code, reason);
}

void Streams::on_closed(lws* wsi) {
  opening_.erase(wsi);
  const auto it = streams_.find(wsi);
  if (it == streams_.end()) return;
  unsent_ += it->second.out->unsent();
  it->second.out->close(1000, "");  // what is still said goes nowhere
  by_id_.erase(it->second.out->id());
  streams_.erase(it);
}

void Streams::service() {
  for (const auto id : ready_->ids.with([](auto& all) { return std::exchange(all, {}); }))
    if (const auto it = by_id_.find(id); it != by_id_.end()) lws_callback_on_writable(it->second);
}

std::uint64_t Streams::unsent() const {
  auto all = unsent_;
  for (const auto& [wsi, stream] : streams_) all += stream.out->unsent();
  return all;
}

}  // namespace parley::control
