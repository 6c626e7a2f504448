// player: plays a program: hears the agent, and says every 20 ms what the caller sends.
//
// A telephone sends all the time: speech, line noise or silence; a pressed key takes the audio's
// place for its 100 ms and ends with three equal packets (RFC 4733, 2.5.1.4). Pure: frames and
// moments in, frames out. Threads: the caller's loop.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "plugins/testkit/ear.hpp"
#include "plugins/testkit/program.hpp"

namespace parley::caller {

inline constexpr Nanos tick_length = 20ms;
inline constexpr std::size_t tick_samples = 160;

struct KeyPacket {
  std::uint8_t event = 0;      // 0-9, 10 '*', 11 '#', 12-15 'A'-'D'
  std::uint16_t duration = 0;  // samples since the key went down
  bool first = false;          // the marker; its timestamp is that of the whole key
  bool end = false;
};

struct Frame {
  std::array<std::int16_t, tick_samples> audio{};
  std::optional<KeyPacket> key{};  // sent in the audio's place
};

enum class State { playing, completed, failed };

class Player {
 public:
  static constexpr Nanos key_down = 100ms;
  static constexpr Nanos key_up = 100ms;  // the three ends are sent in it

  // `seed` is of the noise.
  Player(ProgramRef program, Nanos start, std::uint32_t seed = 1);

  void heard(Nanos now, std::span<const std::int16_t> audio, unsigned rate = 8000);
  void far_end_gone(Nanos now);  // the other side ended the call

  // Every 20 ms, on a grid. Once the state is not `playing` the frames are silence.
  Frame tick(Nanos now);

  State state() const { return state_; }
  const std::string& reason() const { return reason_; }  // a sentence, when not playing
  std::size_t position() const { return index_; }        // the step that is at work
  const Ear& agent() const { return agent_; }
  const Ear& own() const { return own_; }
  Nanos started() const { return started_; }

 private:
  const Step& step() const { return program_->steps[index_]; }
  void advance(Nanos now);
  bool done(Nanos now);  // the step that is at work, at this moment
  bool sounded() const { return offset_ >= program_->sounds[index_].size(); }
  bool finished_speaking(Nanos now) const;
  bool may_interrupt(Nanos now);
  bool stopped_in_time(Nanos now);
  bool answered_in_time(Nanos now);
  void next(Nanos now);
  void complete(const char* reason);
  void fail(const std::string& what);
  Frame key_frame();
  void add_sound(Nanos now, Frame& frame);
  void add_noise(Frame& frame);

  const ProgramRef program_;
  const Nanos started_;
  Ear agent_, own_;
  State state_ = State::playing;
  std::string reason_;
  std::size_t index_ = 0;
  Nanos entered_;           // when the step began
  Nanos mark_;              // what the agent said before this is no answer to a wait
  std::size_t offset_ = 0;  // samples of the step's sound that have left
  bool sounding_ = false;   // the step's sound is being sent
  std::size_t key_ = 0;     // of `press`
  int key_tick_ = 0;
  Nanos interrupted_{0};  // when the last interruption began to sound
  std::mt19937 random_;
  std::normal_distribution<float> noise_;
};

}  // namespace parley::caller
