// echo: takes the agent's own voice out of what the caller's line sends back.
//
// speexdsp's canceller with a tail of 256 ms (128 ms fails at 200 ms of delay), fed with what
// egress sent. Until it has learnt the line, for two seconds, what is 8 dB softer than the agent
// counts as echo. It costs 25 us a frame, so it runs only while the agent talks and as long after
// as its tail; and not while the line is silent, for then there is no echo: what was sent meanwhile
// is kept, as far as the tail reaches, and fed first when something is heard. Pure. Threads: the
// owner's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct SpeexEchoState_;

namespace parley {

class EchoCanceller {
 public:
  explicit EchoCanceller(unsigned rate);

  // A frame of 20 ms from the caller and what was sent in the same 20 ms; `sounding`: that was not
  // silence. Answers the frame to go on with: `heard` itself while nothing has been sent for a
  // while.
  std::span<const std::int16_t> push(std::span<const std::int16_t> heard,
                                     std::span<const std::int16_t> sent, bool sounding);
  // From now on at this rate: the line is learnt anew.
  void change_rate(unsigned rate);
  bool active() const { return frames_left_ > 0; }
  // The last frame may well be echo: the canceller has not heard enough of the line yet, and the
  // frame is much softer than what was sent.
  bool doubtful() const { return doubtful_; }

 private:
  struct Free {
    void operator()(SpeexEchoState_* state) const;
  };
  void skip(std::span<const std::int16_t> sent);
  void catch_up();
  void feed(std::span<const std::int16_t> heard, std::span<const std::int16_t> sent);

  unsigned rate_;
  std::unique_ptr<SpeexEchoState_, Free> state_;  // made when something is heard of the agent
  std::vector<std::int16_t> skipped_;             // the latest that was sent on a silent line
  std::vector<std::int16_t> out_;
  int frames_left_ = 0;
  int frames_learnt_ = 0;
  float sent_power_ = 0;  // the greatest of late
  bool doubtful_ = false;
};

}  // namespace parley
