// stack: libre does not say which socket its transport has, but every message says where it came
// in. So the stack greets itself once at the start and takes the socket from that: only then can
// the door stand before it.

#include "engine/sip/stack.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <mutex>
#include <system_error>

#include "engine/base/log.hpp"

namespace parley::sip {
namespace {

constexpr int most_descriptors = 65536;
constexpr std::uint32_t table_size = 4096;
constexpr int receive_buffer_bytes = 4 * 1024 * 1024;
constexpr std::uint64_t hello_limit_ms = 2000;
constexpr int errors_only = 3;  // of libre's debug levels

void start_libre_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < most_descriptors) {
      limit.rlim_cur = std::min<rlim_t>(most_descriptors, limit.rlim_max);
      setrlimit(RLIMIT_NOFILE, &limit);
    }
    dbg_init(errors_only, 0);
    libre_init();
  });
}

std::string host_and_port(const sa& address) {
  char out[96] = "";
  re_snprintf(out, sizeof(out), "%J", &address);
  return out;
}

// "127.0.0.1:5060" or "[::1]:5060".
bool read_address(const std::string& text, sa& out) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char *from = text.data() + colon + 1, *end = text.data() + text.size();
  const auto read = std::from_chars(from, end, port);
  return read.ec == std::errc() && read.ptr == end && from != end &&
         sa_set_str(&out, host.c_str(), port) == 0;
}

}  // namespace

Nanos monotonic() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanos(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
}

std::string error_text(int err) {
  auto text = std::generic_category().message(err);
  if (!text.empty()) text[0] = char(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

Stack::Stack(const Options& options, LiveCounters& counters, Hooks hooks)
    : options_(options), hooks_(std::move(hooks)), door_(options, counters), wheel_(monotonic()) {}

Stack::~Stack() {
  tmr_cancel(&tick_);
  tmr_cancel(&deaf_);
  door_.leave();
  socket_.reset();
  sip_close(sip_.get(), true);
  sip_.reset();
  if (wake_fd_ >= 0) fd_close(wake_fd_);
  if (attached_) re_thread_close();
}

Status Stack::open(int wake_fd) {
  start_libre_once();
  if (const int err = re_thread_init())
    return Error{fmt::format("libre cannot use this thread: {}", error_text(err))};
  attached_ = true;
  // Only the first size counts, and only before the method is set.
  int err = fd_setsize(most_descriptors);
  if (!err) err = poll_method_set(METHOD_EPOLL);
  if (!err)
    err = sip_alloc(sip_.out(), nullptr, table_size, table_size, table_size,
                    options_.user_agent.c_str(), nullptr, nullptr);
  if (!err) err = sip_listen(nullptr, sip_.get(), true, on_request, this);
  if (!err) err = sip_listen(nullptr, sip_.get(), false, on_response, this);
  if (!err) err = fd_listen(wake_fd, FD_READ, on_wake, this);
  if (err) return Error{fmt::format("libre does not start: {}", error_text(err))};
  wake_fd_ = wake_fd;
  return listen();
}

Status Stack::listen() {
  const auto& wanted = options_.listen;
  sa address{};
  if (!read_address(wanted, address))
    return Error{fmt::format("cannot listen for SIP on '{}': it is not address:port", wanted)};
  if (const int err = sip_transp_add(sip_.get(), SIP_TRANSP_UDP, &address))
    return Error{fmt::format("cannot listen for SIP on {}: {}", wanted, error_text(err))};
  if (const int err = sip_transp_laddr(sip_.get(), &local_, SIP_TRANSP_UDP, &address))
    return Error{fmt::format("cannot listen for SIP on {}: {}", wanted, error_text(err))};
  address_ = host_and_port(local_);
  tmr_start(&deaf_, hello_limit_ms, on_deaf, this);
  say_hello();
  return ok();
}

void Stack::say_hello() const {
  sa to = local_;
  if (sa_is_any(&to)) sa_set_str(&to, sa_af(&to) == AF_INET6 ? "::1" : "127.0.0.1", sa_port(&to));
  const auto host = host_and_port(to);
  const auto hello = fmt::format(
      "OPTIONS sip:hello@{0} SIP/2.0\r\nVia: SIP/2.0/UDP {0};branch=z9hG4bKhello\r\n"
      "From: <sip:hello@{0}>;tag=hello\r\nTo: <sip:hello@{0}>\r\nCall-ID: hello\r\n"
      "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
      host);
  const int fd = socket(sa_af(&to), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;  // on_deaf() tells
  (void)sendto(fd, hello.data(), hello.size(), 0, &to.u.sa, to.len);
  close(fd);
}

void Stack::on_deaf(void* self) {
  auto& stack = *static_cast<Stack*>(self);
  stack.hooks_.ready(Error{
      fmt::format("cannot listen for SIP on {}: it does not hear itself; is a firewall in the way?",
                  stack.address_)});
  stack.stop();
}

void Stack::adopt(const sip_msg& message) {
  socket_ = Re<udp_sock>::share(static_cast<udp_sock*>(message.sock));
  tmr_cancel(&deaf_);
  (void)udp_sockbuf_set(socket_.get(), receive_buffer_bytes);
  auto standing = door_.stand_at(socket_.get());
  const bool fine = bool(standing);
  hooks_.ready(std::move(standing));
  if (!fine) stop();
}

bool Stack::on_request(const sip_msg* message, void* self) {
  auto& stack = *static_cast<Stack*>(self);
  if (!stack.socket_)
    stack.adopt(*message);
  else
    stack.hooks_.request(*message);
  return true;
}

bool Stack::on_response(const sip_msg* message, void* self) {
  static_cast<Stack*>(self)->hooks_.response(*message);
  return true;
}

void Stack::on_wake(int, void* self) {
  auto& stack = *static_cast<Stack*>(self);
  std::uint64_t count = 0;
  (void)!read(stack.wake_fd_, &count, sizeof(count));
  stack.hooks_.woken();
}

void Stack::run() {
  if (const int err = re_main(nullptr))
    log::error("sip", "", "the SIP loop ended: {}", error_text(err));
}

void Stack::stop() { re_cancel(); }

std::string Stack::address_toward(const sa& peer) const {
  if (!sa_is_any(&local_)) return address_;
  const int fd = socket(sa_af(&peer), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return address_;
  sa ours{};
  ours.len = sizeof(ours.u);
  const bool found = connect(fd, &peer.u.sa, peer.len) == 0 &&
                     getsockname(fd, &ours.u.sa, &ours.len) == 0;  // asks the routes, sends nothing
  close(fd);
  if (!found) return address_;
  sa_set_port(&ours, sa_port(&local_));
  return host_and_port(ours);
}

TimerWheel::Id Stack::start_timer(Nanos delay, std::uint64_t key) {
  const auto id = wheel_.start(monotonic() + delay, key);
  arm();
  return id;
}

void Stack::arm() {
  const auto next = wheel_.next();
  if (!next) return tmr_cancel(&tick_);
  const auto wait = std::max(*next - monotonic(), Nanos(0));
  const auto wait_ms = std::uint64_t((wait + Nanos(999'999)) / 1ms);
  if (tmr_isrunning(&tick_) && tmr_get_expire(&tick_) <= wait_ms) return;
  tmr_start(&tick_, std::max<std::uint64_t>(wait_ms, 1), on_tick, this);
}

void Stack::on_tick(void* self) {
  auto& stack = *static_cast<Stack*>(self);
  for (const auto key : stack.wheel_.advance(monotonic())) stack.hooks_.due(key);
  stack.arm();
}

}  // namespace parley::sip
