#include "plugins/rtp/inband_dtmf.hpp"

#include <algorithm>
#include <new>
#include <utility>

// Last, and in this order: it needs what stands before.
#include <spandsp/telephony.h>

#include <spandsp/logging.h>

#include <spandsp/tone_generate.h>

#include <spandsp/super_tone_rx.h>

#include <spandsp/dtmf.h>

namespace parley::rtp {
namespace {

constexpr unsigned narrow_rate = 8000;
constexpr unsigned shortest_ms = 20;  // what it is told as, at least

}  // namespace

struct InbandDtmf::Receiver {
  dtmf_rx_state_t* state = nullptr;
  std::uint64_t heard = 0;  // samples
  char digit = 0;           // the tone that is on
  std::uint64_t since = 0;
  std::vector<KeyPress> ended{};

  Receiver() : state(dtmf_rx_init(nullptr, nullptr, nullptr)) {
    if (!state) throw std::bad_alloc();
    dtmf_rx_set_realtime_callback(
        state,
        [](void* self, int code, int, int) { static_cast<Receiver*>(self)->tone(char(code)); },
        this);
  }
  ~Receiver() { dtmf_rx_free(state); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // `next` is on from now; 0: none.
  void tone(char next) {
    if (const char last = std::exchange(digit, next)) {
      const auto ms = unsigned((heard - since) * 1000 / narrow_rate);
      ended.push_back({last, std::max(ms, shortest_ms)});
    }
    since = heard;
  }
};

InbandDtmf::InbandDtmf() : receiver_(std::make_unique<Receiver>()) {}
InbandDtmf::~InbandDtmf() = default;

std::span<const KeyPress> InbandDtmf::hear(std::span<const std::int16_t> samples, unsigned rate) {
  if (rate != narrow_rate) {
    narrow_.clear();
    down_.push(samples, narrow_);
    samples = narrow_;
  }
  auto& r = *receiver_;
  r.ended.clear();
  r.heard += samples.size();
  dtmf_rx(r.state, samples.data(), int(samples.size()));
  return r.ended;
}

}  // namespace parley::rtp
