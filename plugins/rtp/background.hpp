// background: what is heard behind the agent's voice: its ambient sound, and while that is wanted
// its hold music, or the hold signal when it has none.
//
// It orders the sounds that it wants, plays each from when somebody has read it on, and adds what
// plays to the frames that leave. Until a sound is there, or when it cannot be read, there is
// silence. What was ordered and is not wanted any more when it comes is not played.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "plugins/agent/agent.hpp"
#include "plugins/rtp/mixer.hpp"
#include "plugins/rtp/sounds.hpp"

namespace parley {

class Background {
 public:
  enum class Input { ambient, hold };
  struct Order {
    Input input = Input::ambient;
    WantedSound sound{};
    double gain_db = 0;
  };

  // Begins anew, in silence. Null: nobody's sounds.
  void start(std::shared_ptr<const Agent> agent);

  // The rate of the frames that come next, and whether music is wanted in them. What is to be read
  // for it: nothing, when nothing has changed.
  std::vector<Order> follow(unsigned rate, bool music);
  void loaded(const Order& order, SoundRef sound);

  bool add_music(std::span<std::int16_t> frame);  // false: none plays
  void add_ambient(std::span<std::int16_t> frame);

 private:
  Order music_order(unsigned rate) const;

  std::shared_ptr<const Agent> agent_{};  // null: there is none
  Mixer mixer_{};
  unsigned rate_ = 0;   // of the sounds in it; 0: none yet
  bool music_ = false;  // is wanted
};

}  // namespace parley
