#include "tools/bench/dialler.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "engine/base/clock.hpp"

namespace parley::bench {
namespace {

constexpr std::size_t under_way = 16;
constexpr std::uint16_t nobody = 9;  // a port (RFC 863) for calls without audio

}  // namespace

Dialler::Dialler(DialOptions options) : options_(std::move(options)) {
  auto opened = sip::Endpoint::open({.listen = "127.0.0.1:0", .max_sessions = 65536},
                                    [this](const sip::Notice& n) { on(n); });
  if (!opened) throw std::runtime_error(opened.error());
  endpoint_ = *std::move(opened);
}

sip::Local Dialler::offer(std::size_t place, std::uint16_t port) const {
  sip::Local local{
      .media = {"127.0.0.1", int(port)}, .session = place + 1, .codecs = options_.codecs};
  if (options_.srtp.empty()) return local;
  local.security = sip::Security::required;
  for (const auto& crypto : sip::make_crypto_offer())
    if (info(crypto.key.suite()).name == options_.srtp) local.crypto.push_back(crypto);
  return local;
}

void Dialler::place_call(std::unique_lock<std::mutex>& lock, std::size_t place,
                         std::uint16_t port) {
  auto local = offer(place, port);
  const auto session =
      endpoint_->dial({.to = "sip:bench@" + options_.target, .sdp = sip::write_offer(local)});
  legs_[session] = {.place = place, .offered = std::move(local)};
  changed_.wait_for(lock, 10s, [&] {
    return legs_.size() < under_way + (hang_up_ ? over_ : agreed_.size() + over_);
  });
}

std::map<std::size_t, sip::Agreement> Dialler::dial(const std::vector<std::uint16_t>& ports) {
  const auto began = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    std::this_thread::sleep_until(began + 2ms * i);
    std::unique_lock lock(mutex_);
    place_call(lock, i, ports[i]);
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, 30s, [&] { return agreed_.size() + over_ >= ports.size(); });
  return agreed_;
}

std::size_t Dialler::dial_and_hang_up(std::size_t count) {
  std::unique_lock lock(mutex_);
  hang_up_ = true;
  for (std::size_t i = 0; i < count; ++i) place_call(lock, i, nobody);
  changed_.wait_for(lock, 30s, [&] { return over_ >= count; });
  return agreed_.size();
}

void Dialler::on(const sip::Notice& notice) {
  std::lock_guard lock(mutex_);
  if (const auto* accepted = std::get_if<sip::Accepted>(&notice)) {
    const auto& leg = legs_[accepted->session];
    const auto agreed = sip::accept_answer(accepted->sdp, leg.offered);
    if (agreed) agreed_.emplace(leg.place, *agreed);
    if (!agreed) why_ = agreed.error();
    if (hang_up_ || !agreed) endpoint_->hang_up(accepted->session);
  } else if (const auto* ended = std::get_if<sip::Ended>(&notice)) {
    ++over_;
    if (ended->why != sip::Why::local_bye) why_ = ended->detail;
  }
  changed_.notify_all();
}

}  // namespace parley::bench
