#include "plugins/vad/tones.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace parley {
namespace {

constexpr double rate = 8000;
constexpr int frame_ms = 20;
constexpr std::size_t classified_after = 3;    // frames of a run
constexpr double least_power = 120.0 * 120.0;  // about -42 dBm0
constexpr double most_residue = 0.15;          // of the gate's prediction, against the power
constexpr double share_of_pair = 0.6;          // of all energy, in both together
constexpr double share_of_each = 0.12;
constexpr double share_of_single = 0.8;
constexpr double most_turn = 0.12;              // radians by which the phase may run off, a frame
constexpr double most_swell = 0.12;             // of the amplitude, a frame: 1 dB
constexpr int told_again_after = 500;           // frames
constexpr int beep_least = 8, beep_most = 100;  // frames
constexpr int quiet_after_beep = 15;

bool near(double value, double wanted, double tolerance) {
  return std::abs(value - wanted) <= tolerance;
}

// The amplitude of `hz` in the samples and its phase, by one pass of a turning pointer.
template <class Samples>
std::complex<double> goertzel(const Samples& samples, double hz) {
  const double w = 2 * M_PI * hz / rate, c = 2 * std::cos(w);
  double s1 = 0, s2 = 0;
  for (const auto x : samples) {
    const double s0 = double(x) + c * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  // As if the first sample were at angle 0.
  const auto n = double(std::size(samples));
  return (s1 - s2 * std::polar(1.0, -w)) * std::polar(1.0, -w * (n - 1)) * (2 / n);
}

double energy(const std::vector<double>& samples) {
  double sum = 0;
  for (const double x : samples) sum += x * x;
  return sum;
}

// How much of the energy is in `hz`, 0 to 1.
double share(const std::vector<double>& samples, double hz, double whole) {
  return std::norm(goertzel(samples, hz)) * double(samples.size()) / 2 / whole;
}

int ms(int frames) { return frames * frame_ms; }
bool lasts(int frames, int from_ms, int to_ms) {
  return ms(frames) >= from_ms && ms(frames) <= to_ms;
}

}  // namespace

const char* to_string(LineTone tone) {
  static constexpr const char* names[] = {"busy",    "ringback", "congestion", "sit",
                                          "fax_cng", "fax_ced",  "beep"};
  return names[std::size_t(tone)];
}

std::optional<LineTone> ToneDetector::push(Frame frame) {
  ++since_told_;
  const auto g = gate(frame);
  std::optional<LineTone> tone;
  if (run_ && g.tonal && near(g.hz, rough_hz_, 150)) {
    grow(frame, g);
    tone = while_it_lasts();
  } else if (run_) {
    tone = end();
    if (g.tonal) begin(g);
  } else if (g.tonal) {
    begin(g);
  } else {
    tone = in_silence(g);
  }
  return once(tone);
}

// x[n] + x[n-2] is a multiple of x[n-1] for a sine; what is left of it tells how far this is none.
ToneDetector::Gate ToneDetector::gate(Frame frame) {
  float power = 0, pairs = 0, both = 0;
  for (std::size_t i = 2; i < frame_samples; ++i) {
    const float middle = frame[i - 1];
    const float outer = float(frame[i]) + float(frame[i - 2]);
    power += middle * middle;
    pairs += outer * outer;
    both += outer * middle;
  }
  Gate g{.power = power / double(frame_samples - 2)};
  if (g.power < least_power) return g;
  const double c = both / power;
  g.tonal = pairs - c * both < most_residue * power;
  if (g.tonal) g.hz = std::acos(std::clamp(c / 2, -1.0, 1.0)) * rate / (2 * M_PI);
  return g;
}

void ToneDetector::begin(const Gate& gate) {
  run_ = Run{.frames = 1, .gap = gap_};
  gap_ = 0;
  rough_hz_ = gate.hz;
  heard_.clear();  // the first frame may hold the beginning: only from the second on it counts
}

void ToneDetector::grow(Frame frame, const Gate& gate) {
  auto& run = *run_;
  ++run.frames;
  if (run.frames == 2) rough_hz_ = gate.hz;
  if (run.frames <= int(classified_after) + 1) {
    heard_.insert(heard_.end(), frame.begin(), frame.end());
    if (run.frames == int(classified_after) + 1) classify();
  } else if (run.pitch == Pitch::single) {
    follow(frame);
  }
}

void ToneDetector::classify() {
  auto& run = *run_;
  const double whole = energy(heard_);
  run.power = whole / double(heard_.size());
  struct Pair {
    Pitch pitch;
    double low, high;
  };
  static constexpr Pair pairs[] = {{Pitch::pair_480_620, 480, 620},
                                   {Pitch::pair_440_480, 440, 480},
                                   {Pitch::pair_400_450, 400, 450}};
  for (const auto& pair : pairs) {
    const double low = share(heard_, pair.low, whole), high = share(heard_, pair.high, whole);
    if (low < share_of_each || high < share_of_each || low + high < share_of_pair) continue;
    run.pitch = pair.pitch;
    return;
  }
  // The gate's frequency is a little off in noise: how the phase turns from piece to piece is not.
  constexpr std::size_t piece = 40;
  const auto pieces = heard_.size() / piece;
  std::complex<double> turns = 0, before = 0;
  for (std::size_t i = 0; i < pieces; ++i) {
    const auto now = goertzel(std::span(heard_).subspan(i * piece, piece), rough_hz_);
    turns += now * std::conj(before);
    before = now;
  }
  const double expected = 2 * M_PI * rough_hz_ * piece / rate;
  const double extra = std::remainder(std::arg(turns) - expected, 2 * M_PI);
  run.hz = rough_hz_ + extra * rate / (2 * M_PI * piece);
  if (run.hz < 380 || run.hz > 2600 || share(heard_, run.hz, whole) < share_of_single) return;
  run.pitch = Pitch::single;
  // The frames that were heard so far must be steady too.
  phasor_ = turn_ = 0;
  followed_ = 1;  // the first, which is not among them
  for (std::size_t i = 0; i + frame_samples <= heard_.size(); i += frame_samples) {
    std::array<std::int16_t, frame_samples> one;
    std::transform(heard_.begin() + std::ptrdiff_t(i),
                   heard_.begin() + std::ptrdiff_t(i + frame_samples), one.begin(),
                   [](double x) { return std::int16_t(x); });
    follow(one);
  }
}

void ToneDetector::follow(Frame frame) {
  auto& run = *run_;
  ++followed_;
  const auto now = goertzel(frame, run.hz);
  const auto turn = phasor_ == 0.0 ? 0.0 : now / phasor_;
  if (turn != 0.0 && turn_ != 0.0) {
    const bool runs_off = std::abs(std::arg(turn / turn_)) > most_turn;
    const bool swells = !near(std::abs(turn), 1, most_swell);
    if ((runs_off || swells) && run.unsteady == 0) run.unsteady = followed_;
  }
  if (turn != 0.0) turn_ = turn;
  phasor_ = now;
}

std::optional<LineTone> ToneDetector::while_it_lasts() const {
  const auto& run = *run_;
  if (is_steady(run) && near(run.hz, 2100, 20) && ms(run.frames) == 1000) return LineTone::fax_ced;
  return {};
}

std::optional<LineTone> ToneDetector::end() {
  auto run = *run_;
  run_.reset();
  gap_ = 1;
  loud_gap_ = false;
  if (run.pitch == Pitch::none) {
    gap_ += run.gap + run.frames;
    return {};
  }
  runs_.push_back(run);
  if (runs_.size() > 3) runs_.pop_front();
  return cadence();
}

std::optional<LineTone> ToneDetector::in_silence(const Gate& gate) {
  ++gap_;
  if (runs_.empty()) return {};
  const auto& last = runs_.back();
  // A frame after the tone may hold its end.
  if (gap_ > 2 && gate.power > last.power / 30) loud_gap_ = true;
  const bool fax = near(last.hz, 1100, 38) || near(last.hz, 2100, 20);
  const bool beep = is_steady(last) && last.hz > 450 && !fax && last.frames >= beep_least &&
                    last.frames <= beep_most && (runs_.size() < 2 || last.gap > quiet_after_beep);
  if (beep && gap_ == quiet_after_beep && !loud_gap_) return LineTone::beep;
  // Europe's ringback: one second, and then nothing for far longer than after a busy tone.
  const bool rings = is_steady(last) && near(last.hz, 425, 12) && lasts(last.frames, 850, 1350);
  if (rings && ms(gap_) == 1500) return LineTone::ringback;
  return {};
}

// What the runs that are over add up to, at the end of one.
std::optional<LineTone> ToneDetector::cadence() const {
  const auto& last = runs_.back();
  const bool single = is_steady(last);
  if (last.pitch == Pitch::pair_440_480 && lasts(last.frames, 1500, 2500))
    return LineTone::ringback;
  if (single && near(last.hz, 1100, 38) && lasts(last.frames, 420, 600)) return LineTone::fax_cng;
  if (runs_.size() < 2) return {};
  const auto& before = runs_[runs_.size() - 2];
  const bool same = before.pitch == last.pitch && near(before.hz, last.hz, 12);
  if (same && last.pitch == Pitch::pair_400_450 && lasts(last.frames, 300, 500) &&
      lasts(before.frames, 300, 500) && lasts(last.gap, 120, 280))
    return LineTone::ringback;
  if (runs_.size() < 3) return {};
  const auto& first = runs_[runs_.size() - 3];
  if (single && near(first.hz, 950, 45) && near(before.hz, 1400, 45) && near(last.hz, 1777, 45) &&
      lasts(first.frames, 220, 440) && lasts(before.frames, 220, 440) && before.gap < 6 &&
      last.gap < 6)
    return LineTone::sit;
  const bool interrupted = last.pitch == Pitch::pair_480_620 ||
                           (single && (near(last.hz, 425, 12) || near(last.hz, 400, 8)));
  if (!interrupted || !same || first.pitch != last.pitch || !near(first.hz, last.hz, 12)) return {};
  const auto every = [&](int from_ms, int to_ms) {
    return lasts(first.frames, from_ms, to_ms) && lasts(before.frames, from_ms, to_ms) &&
           lasts(last.frames, from_ms, to_ms) && lasts(before.gap, from_ms, to_ms) &&
           lasts(last.gap, from_ms, to_ms);
  };
  if (every(320, 600)) return LineTone::busy;
  if (every(160, 300)) return LineTone::congestion;
  return {};
}

std::optional<LineTone> ToneDetector::once(std::optional<LineTone> tone) {
  if (!tone) return {};
  const bool again = told_ == tone && since_told_ < told_again_after;
  told_ = tone;
  since_told_ = 0;
  if (again && *tone != LineTone::beep) return {};
  return tone;
}

}  // namespace parley
