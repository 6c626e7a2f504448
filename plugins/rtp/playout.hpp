// playout: what the agent says on its way out, frame by frame, and what of it has left: the
// heard-words ledger (P6).
//
// Sentences come as audio of any length, with the ends of their words; each tick takes one frame,
// silence when there is nothing. The ledger counts samples as they leave, so it knows to the word
// what was heard when the caller interrupts. A cut lets 60 ms fade out and drops the rest; the fade
// is not counted as heard. Where audio runs dry inside an utterance its last 10 ms fade out,
// mirrored, instead of a hard end. Of a live source (audio of no utterance) what waits for a second
// without need is left out where it is quiet: a burst must not delay it for good. Ducking is a ramp
// to -18 dB within one frame (P11). What is said may be made to wait: it fades out within a frame,
// and in again where it was.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace parley {

struct Heard {
  std::int64_t words = 0;
  std::int64_t samples = 0;
  std::string text{};
  bool pending = false;  // something of it is still to come, or to be played
};

enum class Phase { started, sentence, finished, cut };
const char* to_string(Phase phase);

struct Progress {
  Phase phase = Phase::started;
  std::int64_t utterance = 0;
  std::int64_t words = 0;
  std::int64_t samples = 0;
};

class Playout {
 public:
  static constexpr unsigned longest_s = 120;  // what the queue holds

  explicit Playout(unsigned rate = 8000) : rate_(rate) {}
  unsigned rate() const { return rate_; }
  // From now on at twice the rate: what waits is raised and goes on where it was, and so does the
  // ledger.
  void widen();

  // The sentence whose audio comes next. `ends`: the end of each word, in samples of that audio.
  void sentence(std::int64_t utterance, std::string text, std::vector<std::string> words,
                std::vector<std::int64_t> ends);
  // Audio to be played. Utterance 0: of no utterance, just played. `last`: the utterance ends here.
  // False: the queue is full; the audio was dropped and counted.
  bool audio(std::int64_t utterance, std::span<const std::int16_t> samples, bool last);

  // The frame that leaves now. True: there is something in it.
  bool tick(std::span<std::int16_t> frame);
  // Time went by without ticks: audio of no utterance, as of a live source, went by with it.
  void pass(std::size_t samples);
  void cut();
  void duck(bool on) { target_gain_ = on ? ducked_gain : 1; }
  // The next frame fades out, or in; between, nothing leaves. A live source's audio goes by.
  void wait(bool on) { waits_ = on; }

  Heard heard(std::int64_t utterance) const;
  std::int64_t current() const { return current_; }  // whose samples left last; 0: nobody's yet
  std::vector<Progress> take_progress();             // what happened since the last call, in order
  bool has_progress() const { return !progress_.empty(); }

  bool empty() const { return queue_.empty() && fading_.empty(); }  // the next frame is silence
  bool idle() const;  // empty, and no utterance is under way

  std::uint64_t underruns() const { return underruns_; }  // gaps inside an utterance
  std::uint64_t dropped() const { return dropped_; }      // samples: queue full, or cut before

 private:
  static constexpr float ducked_gain = 0.126f;  // -18 dB
  static constexpr unsigned fade_ms = 60;
  static constexpr unsigned dry_fade_ms = 10;
  static constexpr std::size_t remembered = 8;  // utterances
  static constexpr unsigned window = 50;        // ticks: a second
  static constexpr unsigned live_ms = 200;      // a live source has no more queued

  struct Sentence {
    std::string text{};
    std::vector<std::string> words{};
    std::vector<std::int64_t> ends{};
    std::int64_t queued = 0, left = 0;  // samples
    bool out = false;
  };
  struct Utterance {
    std::int64_t number = 0;
    std::vector<Sentence> sentences{};
    std::int64_t samples = 0;
    bool started = false, over = false, starved = false;
  };
  struct Chunk {
    std::int64_t utterance = 0;
    std::size_t sentence = 0;
    bool last = false;
    std::vector<std::int16_t> samples{};
    std::size_t left = 0;
  };

  static std::int64_t words_left(const Sentence& sentence);
  static bool is_out(const Utterance& utterance, std::size_t sentence);
  static std::string text_left(const Sentence& sentence);

  Utterance* find(std::int64_t number);
  const Utterance* find(std::int64_t number) const;
  Utterance& find_or_add(std::int64_t number);
  void note(Phase phase, const Utterance& utterance);
  void close_sentence(Utterance& utterance);
  void leave(const Chunk& chunk, std::size_t samples);
  void end(const Chunk& chunk);
  void drop_spent();
  bool silenced() const { return waits_ && gain_ == 0; }
  void apply_gain(std::span<std::int16_t> frame);
  std::size_t take_fading(std::span<std::int16_t> frame, std::size_t filled);
  bool runs_dry() const;
  void conceal();
  void watch_backlog();
  void work_off();

  unsigned rate_;
  std::deque<Chunk> queue_{};
  std::vector<std::int16_t> spare_{};  // a frame's memory, for the next one of a live source
  std::size_t queued_ = 0;             // samples in it
  std::size_t least_queued_ = 0, most_queued_ = 0;  // behind the ticks of this second
  unsigned watched_ = 0;                            // they
  std::size_t needless_ = 0;                        // samples of a live source
  std::deque<std::int16_t> fading_{};
  std::deque<Utterance> utterances_{};
  std::vector<Progress> progress_{};
  std::vector<std::int16_t> last_{};  // 10 ms that left last
  bool concealed_ = false;            // the gap that is now
  std::int64_t last_cut_ = 0;
  std::int64_t current_ = 0;
  float gain_ = 1, target_gain_ = 1;
  bool waits_ = false;
  std::uint64_t underruns_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace parley
