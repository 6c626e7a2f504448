// concealment: what is heard in place of a packet that did not come.
//
// Voice goes on as it was: its pitch is looked for in what was heard last, and the last period is
// repeated, after 10 ms the last two, after 20 ms the last three, so that it does not buzz. After
// 10 ms it fades, and is gone at 60 ms; what is left is noise as loud as the background was, or as
// the far end said (RFC 3389). Every join is blended: from the voice into what is made up, from one
// period to the next, and back, so that nothing clicks. Nothing is delayed for it: what was heard
// before the loss has left, so the step to the made-up signal is taken up by that signal alone.
//
// Threads: pure. After ITU-T G.711 Appendix I, at any rate.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace parley::rtp {

class Concealment {
 public:
  explicit Concealment(unsigned rate = 8000);

  // After a loss the beginning of `samples` is blended with what was made up.
  void heard(std::span<std::int16_t> samples);
  // The next samples in place of lost ones.
  void fill(std::span<std::int16_t> out);
  // What is heard next comes from another decoder, which begins with its own silence: it is blended
  // with what the voice would have gone on with, as after a loss. `silence`: that many samples.
  void turn(std::size_t silence = 0);
  // From now on at twice the rate.
  void widen();
  // The far end sends no voice but says how its background sounds: the payload of type 13.
  void comfort(std::span<const std::uint8_t> payload);

  unsigned rate() const { return rate_; }
  std::size_t last_size() const { return last_size_; }  // of what was heard last

 private:
  std::size_t ms(std::size_t n) const { return n * rate_ / 1000; }
  void begin();
  std::size_t find_period() const;
  void take_periods(std::size_t count);
  float voice();
  float gain() const;
  float noise();
  float next();
  void remember(std::span<const std::int16_t> samples);
  void measure_background(std::span<const std::int16_t> samples);
  float background() const;

  unsigned rate_;
  std::vector<std::int16_t> history_{};  // the last 48.75 ms, silence before the first; a ring
  std::size_t oldest_ = 0;               // in it; 0 while something is made up
  std::size_t last_size_ = 0;
  std::size_t made_up_ = 0;       // samples, since something was heard
  std::size_t period_ = 0;        // 0: there is nothing to repeat
  std::size_t periods_ = 0;       // how many are repeated
  std::vector<float> cycle_{};    // they, so that the end fits to the beginning
  std::size_t at_ = 0;            // in it
  std::vector<float> leaving_{};  // the cycle before, where one blends into the next
  std::size_t left_ = 0;          // of it
  float step_ = 0;                // between what was heard last and the cycle's beginning
  std::size_t silence_ = 0;       // with which the next that is heard begins
  bool turned_ = false;           // the voice goes on, but nothing of that was heard yet
  bool comforted_ = false;        // no voice was lost: there was none
  std::optional<float> told_{};   // the background's level, root mean square
  float quietest_ = 0, quietest_before_ = 0;  // mean squares: of this window, of the one before
  std::size_t window_ = 0;                    // samples measured in this one
  std::minstd_rand random_{1};
};

}  // namespace parley::rtp
