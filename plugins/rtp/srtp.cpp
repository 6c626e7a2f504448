#include "plugins/rtp/srtp.hpp"

#include <fmt/format.h>
#include <srtp2/srtp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "plugins/rtp/rtp_packet.hpp"

namespace parley {
namespace {

constexpr unsigned long replay_window = 128;  // packets: 2.5 s
constexpr std::size_t shortest_rtp = 12, shortest_rtcp = 8;
constexpr int most_old = 100;  // packets that are taken as it was agreed on before: 2 s

static_assert(Srtp::trailer >= SRTP_MAX_TRAILER_LEN + 4);

bool library_ready() {
  static const bool ready = srtp_init() == srtp_err_status_ok;
  return ready;
}

void set_policy(SrtpSuite suite, srtp_policy_t& policy) {
  switch (suite) {
    case SrtpSuite::aead_aes_128_gcm:
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
      break;
    case SrtpSuite::aead_aes_256_gcm:
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
      break;
    case SrtpSuite::aes_cm_128_80:
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
      srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
      break;
    case SrtpSuite::aes_cm_128_32:  // SRTCP has 80 bits all the same (RFC 4568, 6.2.2)
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
      srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
      break;
  }
}

struct Context {
  srtp_t session = nullptr;

  Context() = default;
  Context(Context&& other) noexcept : session(std::exchange(other.session, nullptr)) {}
  Context& operator=(Context&& other) noexcept {
    std::swap(session, other.session);
    return *this;
  }
  ~Context() {
    if (session) srtp_dealloc(session);
  }
};

Result<Context> make_context(const SrtpKey& key, srtp_ssrc_type_t direction) {
  if (!library_ready()) return Error{"libsrtp2 cannot be initialized"};
  std::array<unsigned char, SRTP_MAX_KEY_LEN> bytes{};
  std::copy(key.bytes().begin(), key.bytes().end(), bytes.begin());
  srtp_policy_t policy{};
  set_policy(key.suite(), policy);
  policy.ssrc = {.type = direction, .value = 0};
  policy.key = bytes.data();
  policy.window_size = replay_window;
  Context context;
  const auto made = srtp_create(&context.session, &policy);
  explicit_bzero(bytes.data(), bytes.size());
  if (made != srtp_err_status_ok)
    return Error{
        fmt::format("libsrtp2 does not do {} (error {})", info(key.suite()).name, int(made))};
  return context;
}

class LibSrtp final : public Srtp {
 public:
  LibSrtp(const SrtpKey& ours, const SrtpKey& theirs, Context out, Context in)
      : ours_(ours), theirs_(theirs), out_(std::move(out)), in_(std::move(in)) {}

  std::size_t protect(std::span<std::uint8_t> buffer, std::size_t size) override {
    const bool rtcp = rtp::is_rtcp(buffer.first(size));
    int length = int(size);
    auto failed = srtp_err_status_bad_param;
    if (size >= (rtcp ? shortest_rtcp : shortest_rtp) && size + trailer <= buffer.size())
      failed = rtcp ? srtp_protect_rtcp(out_.session, buffer.data(), &length)
                    : srtp_protect(out_.session, buffer.data(), &length);
    if (failed == srtp_err_status_ok) return std::size_t(length);
    ++counters_.unsent;
    return 0;
  }

  std::size_t unprotect(std::span<std::uint8_t> buffer, std::size_t size) override {
    if (old_left_ > 0) return unprotect_old_too(buffer, size);
    std::size_t length = 0;
    const auto status = open(in_, buffer, size, length);
    return counted(status, length);
  }

  Status use_keys(const SrtpKey& ours, const SrtpKey& theirs) override {
    std::optional<Context> out, in;
    if (const auto made = prepare(out, ours_, ours, ssrc_any_outbound); !made) return made;
    if (const auto made = prepare(in, theirs_, theirs, ssrc_any_inbound); !made) return made;
    if (out) out_ = *std::move(out);
    if (in) {
      old_ = std::exchange(in_, *std::move(in));
      old_left_ = most_old;
    }
    ours_ = ours;
    theirs_ = theirs;
    return ok();
  }

 private:
  static constexpr std::size_t longest = 2048;

  // Nothing in `context` when the key stays.
  static Status prepare(std::optional<Context>& context, const SrtpKey& now, const SrtpKey& key,
                        srtp_ssrc_type_t direction) {
    if (key == now) return ok();
    auto made = make_context(key, direction);
    if (!made) return Error{made.error()};
    context = *std::move(made);
    return ok();
  }

  static srtp_err_status_t open(Context& context, std::span<std::uint8_t> buffer, std::size_t size,
                                std::size_t& length) {
    const bool rtcp = rtp::is_rtcp(buffer.first(size));
    if (size < (rtcp ? shortest_rtcp : shortest_rtp)) return srtp_err_status_bad_param;
    int left = int(size);
    const auto status = rtcp ? srtp_unprotect_rtcp(context.session, buffer.data(), &left)
                             : srtp_unprotect(context.session, buffer.data(), &left);
    length = std::size_t(left);
    return status;
  }

  // The length, or 0 and what was wrong is counted.
  std::size_t counted(srtp_err_status_t status, std::size_t length) {
    if (status == srtp_err_status_ok) return length;
    const bool replay =
        status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old;
    ++(replay ? counters_.replayed : counters_.forged);
    return 0;
  }

  // The keys have changed, and the far end may not know yet.
  std::size_t unprotect_old_too(std::span<std::uint8_t> buffer, std::size_t size) {
    std::array<std::uint8_t, longest> as_it_came;
    const bool kept = size <= longest;
    if (kept) std::copy_n(buffer.begin(), size, as_it_came.begin());
    std::size_t length = 0;
    const auto status = open(in_, buffer, size, length);
    if (status == srtp_err_status_ok || --old_left_ == 0) {
      old_left_ = 0;
      old_ = {};
      return counted(status, length);
    }
    if (kept) std::copy_n(as_it_came.begin(), size, buffer.begin());
    if (kept && open(old_, buffer, size, length) == srtp_err_status_ok) return length;
    return counted(status, length);
  }

  SrtpKey ours_, theirs_;
  Context out_, in_;
  Context old_;       // of the key of before
  int old_left_ = 0;  // packets that may yet be of it
};

class SrtpPort final : public SecurePort, public std::enable_shared_from_this<SrtpPort> {
 public:
  SrtpPort(std::shared_ptr<PacketPort> inner, std::shared_ptr<Srtp> srtp)
      : inner_(std::move(inner)), srtp_(std::move(srtp)) {}

  void use(std::shared_ptr<Srtp> srtp) override {
    if (srtp == srtp_) return;
    old_ = std::exchange(srtp_, std::move(srtp));
    old_left_ = most_old;
  }

  void receive(Receiver receiver) override {
    if (!receiver) return inner_->receive({});
    inner_->receive([weak = weak_from_this(), receiver = std::move(receiver)](
                        std::span<const std::uint8_t> datagram, const Address& from) {
      if (const auto me = weak.lock()) me->arrived(datagram, from, receiver);
    });
  }

  bool send(std::span<const std::uint8_t> packet, const Address& to) override {
    if (!srtp_) return inner_->send(packet, to);
    alignas(4) Buffer protected_packet;
    if (packet.size() > protected_packet.size()) return false;
    std::copy(packet.begin(), packet.end(), protected_packet.begin());
    const auto size = srtp_->protect(protected_packet, packet.size());
    if (size == 0) ++unprotected_;
    return size > 0 && inner_->send(std::span(protected_packet).first(size), to);
  }

  Address local() const override { return inner_->local(); }
  std::uint64_t unsent() const override { return inner_->unsent() + unprotected_; }
  std::uint64_t undecryptable() const override { return undecryptable_; }
  bool secure() const override { return bool(srtp_); }

 private:
  using Buffer = std::array<std::uint8_t, 2048 + Srtp::trailer>;

  void arrived(std::span<const std::uint8_t> datagram, const Address& from,
               const Receiver& receiver) {
    const auto srtp = srtp_;  // whoever receives may change it
    const bool old_taken = old_left_ > 0;
    if (old_taken) --old_left_;
    if (!srtp) {
      if (old_taken && opened(*old_, datagram, from, receiver)) return;
      return receiver(datagram, from);
    }
    const auto forged = srtp->counters().forged;
    if (opened(*srtp, datagram, from, receiver)) {
      old_left_ = 0;
      return;
    }
    if (old_taken && !old_) return receiver(datagram, from);
    undecryptable_ += srtp->counters().forged - forged;
  }

  // False: it is none of these.
  static bool opened(Srtp& srtp, std::span<const std::uint8_t> datagram, const Address& from,
                     const Receiver& receiver) {
    alignas(4) Buffer plain;  // its own: whoever receives may send
    if (datagram.size() > plain.size()) return false;
    std::copy(datagram.begin(), datagram.end(), plain.begin());
    const auto size = srtp.unprotect(plain, datagram.size());
    if (size > 0) receiver(std::span(plain).first(size), from);
    return size > 0;
  }

  const std::shared_ptr<PacketPort> inner_;
  std::shared_ptr<Srtp> srtp_;  // null: plain RTP
  std::shared_ptr<Srtp> old_;   // of before
  int old_left_ = 0;            // packets that may yet be as they were before
  std::uint64_t undecryptable_ = 0, unprotected_ = 0;
};

}  // namespace

Result<std::unique_ptr<Srtp>> Srtp::make(const SrtpKey& ours, const SrtpKey& theirs) {
  auto out = make_context(ours, ssrc_any_outbound);
  if (!out) return Error{out.error()};
  auto in = make_context(theirs, ssrc_any_inbound);
  if (!in) return Error{in.error()};
  return std::unique_ptr<Srtp>(
      std::make_unique<LibSrtp>(ours, theirs, *std::move(out), *std::move(in)));
}

std::shared_ptr<SecurePort> make_secure_port(std::shared_ptr<PacketPort> inner,
                                             std::shared_ptr<Srtp> srtp) {
  return std::make_shared<SrtpPort>(std::move(inner), std::move(srtp));
}

}  // namespace parley
