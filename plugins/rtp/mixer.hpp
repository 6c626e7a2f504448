// mixer: what is heard beside the agent's voice: named inputs, each a sound with a gain, added to
// the frame that leaves.
//
// An input fades in and out within 60 ms, so it never clicks; one that loops has its seam blended
// when it is made (make_loop).
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

// At the rate at which it is played; shared by every call that plays it.
using SoundRef = std::shared_ptr<const std::vector<std::int16_t>>;

// The last `blend` samples are laid over the first ones, so that the end leads into the beginning.
// A sound of less than twice that stays as it is.
std::vector<std::int16_t> make_loop(std::vector<std::int16_t> samples, std::size_t blend);

class Mixer {
 public:
  enum class Loop { no, yes };

  explicit Mixer(unsigned rate = 8000) : rate_(rate) {}

  // Begins `name` anew with this sound; one that plays at half the rate goes on in this one.
  void play(const std::string& name, SoundRef sound, double gain_db, Loop loop);
  void stop(std::string_view name);  // fades it out
  void clear() { inputs_.clear(); }
  // From now on at twice the rate; what plays goes on, with the bandwidth that it has.
  void widen();

  // Adds an input to the frame, without overflow. False: it is not playing.
  bool add(std::string_view name, std::span<std::int16_t> frame);
  bool playing(std::string_view name) const;

 private:
  struct Input {
    std::string name{};
    SoundRef sound{};
    Loop loop = Loop::no;
    bool narrow = false;   // the sound has half the rate of the mix
    bool between = false;  // of two of its samples
    std::size_t at = 0;
    float full = 1;              // its gain
    float gain = 0, target = 1;  // as it is, and where it goes
  };

  static float take(Input& input);

  unsigned rate_;
  std::vector<Input> inputs_{};
};

}  // namespace parley
