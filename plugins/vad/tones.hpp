// tones: what the line itself says: busy, ringback, congestion, special information, a fax, the
// beep of an answering machine.
//
// A cheap gate looks at each frame first: a tone, or two near each other, is predicted well from
// its two samples before (three sums over the frame). Only a run of frames that pass it is
// looked at by Goertzel filters: which pair of frequencies it is, or, for a single tone, its exact
// frequency and whether phase and level stay put from frame to frame, which no voice does. Runs and
// the gaps between them are then compared with the cadences of North America and Europe (ITU-T
// E.180, T.30, ANSI T1.401).
//
// Threads: pure.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace parley {

enum class LineTone { busy, ringback, congestion, sit, fax_cng, fax_ced, beep };
const char* to_string(LineTone tone);

class ToneDetector {
 public:
  static constexpr std::size_t frame_samples = 160;  // 20 ms of 8 kHz

  // Answers a tone when the frame makes it certain: once for each time it is heard, and for one
  // that repeats, as busy does, once until it has been away for ten seconds.
  std::optional<LineTone> push(std::span<const std::int16_t, frame_samples> frame);

 private:
  using Frame = std::span<const std::int16_t, frame_samples>;

  // What a run of tonal frames is made of.
  enum class Pitch { none, pair_480_620, pair_440_480, pair_400_450, single };

  struct Gate {
    bool tonal = false;
    double hz = 0;     // roughly
    double power = 0;  // of a sample
  };
  struct Run {
    Pitch pitch = Pitch::none;
    double hz = 0;     // of a single tone
    double power = 0;  // of a sample, in its first frames
    int frames = 0;    // how long it has been, or was
    int gap = 0;       // frames without a tone before it
    int unsteady = 0;  // the first frame whose phase or level is not a generator's; 0: none
  };

  // A single tone as a machine makes it. Its last frame may be half of one, and does not count.
  static bool is_steady(const Run& run) {
    return run.pitch == Pitch::single && (run.unsteady == 0 || run.unsteady >= run.frames);
  }

  static Gate gate(Frame frame);
  void grow(Frame frame, const Gate& gate);
  void begin(const Gate& gate);
  std::optional<LineTone> end();
  void classify();
  void follow(Frame frame);
  std::optional<LineTone> while_it_lasts() const;
  std::optional<LineTone> in_silence(const Gate& gate);
  std::optional<LineTone> cadence() const;
  std::optional<LineTone> once(std::optional<LineTone> tone);

  std::optional<Run> run_{};
  double rough_hz_ = 0;            // of the run, by the gate
  std::vector<double> heard_{};    // its first samples, until it is classified
  int followed_ = 0;               // how many frames of the run were
  std::complex<double> phasor_{};  // of the frame before
  std::complex<double> turn_{};    // from the frame before that to it
  std::deque<Run> runs_{};         // that are over, the newest last
  int gap_ = 1000;                 // frames since the last run
  bool loud_gap_ = false;          // something else was heard in it
  std::optional<LineTone> told_{};
  int since_told_ = 0;
};

}  // namespace parley
