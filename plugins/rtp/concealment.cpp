#include "plugins/rtp/concealment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "plugins/dsp/rate_changer.hpp"

namespace parley::rtp {
namespace {

constexpr std::size_t most_periods = 3;
constexpr float loudest_background = 300;  // root mean square, -41 dB; beyond, it was no background
constexpr float unknown = std::numeric_limits<float>::max();

std::int16_t to_sample(float value) {
  return std::int16_t(std::lround(std::clamp(value, -32768.f, 32767.f)));
}

}  // namespace

Concealment::Concealment(unsigned rate)
    : rate_(rate), history_(rate * 390 / 8000), quietest_(unknown), quietest_before_(unknown) {}

void Concealment::heard(std::span<std::int16_t> samples) {
  if (made_up_ > 0 || turned_) {
    const auto longer = ms(4) * (made_up_ / ms(10));
    const auto silent = std::min(std::exchange(silence_, 0), samples.size() / 2);
    const auto rest = samples.subspan(silent);
    const auto join = std::min({period_ / 4 + longer + ms(1), ms(10), rest.size()});
    for (auto& sample : samples.first(silent)) sample = to_sample(next());
    for (std::size_t i = 0; i < join; ++i) {
      const float real = float(i + 1) / float(join + 1);
      rest[i] = to_sample(next() * (1 - real) + float(rest[i]) * real);
    }
    made_up_ = 0;
    turned_ = false;
  }
  comforted_ = false;
  last_size_ = samples.size();
  remember(samples);
  measure_background(samples);
}

void Concealment::fill(std::span<std::int16_t> out) {
  turn(silence_);
  for (auto& sample : out) sample = to_sample(next());
}

void Concealment::turn(std::size_t silence) {
  silence_ = silence;
  if (made_up_ == 0 && !std::exchange(turned_, true)) begin();
}

void Concealment::widen() {
  history_ = doubled(history_);
  cycle_ = doubled(cycle_);
  leaving_ = doubled(leaving_);
  for (auto* count : {&last_size_, &made_up_, &period_, &at_, &left_, &window_}) *count *= 2;
  rate_ *= 2;
}

void Concealment::comfort(std::span<const std::uint8_t> payload) {
  if (payload.empty()) return;
  const int below = payload[0] & 0x7f;  // dB below the loudest
  told_ = std::min(32767.f * std::pow(10.f, float(below) / -20.f), loudest_background);
  comforted_ = true;
}

void Concealment::begin() {
  std::rotate(history_.begin(), history_.begin() + std::ptrdiff_t(oldest_), history_.end());
  oldest_ = 0;
  leaving_.clear();
  left_ = at_ = periods_ = period_ = 0;
  cycle_.clear();
  if (!comforted_) period_ = find_period();
  const float last = history_.back();
  step_ = last;
  if (period_ == 0) return;
  take_periods(1);
  step_ = last - float(history_[history_.size() - 1 - period_]);
}

// The lag at which the last 20 ms are most like themselves; roughly first, then exactly.
std::size_t Concealment::find_period() const {
  const auto shortest = ms(5), longest = ms(15), length = ms(20);
  const auto* const end = history_.data() + history_.size();
  const auto likeness = [&](std::size_t lag, std::size_t step) {
    float product = 0, energy = 1;
    for (const auto* x = end - length; x < end; x += step) {
      const float before = x[-std::ptrdiff_t(lag)];
      product += float(*x) * before;
      energy += before * before;
    }
    return product / std::sqrt(energy);
  };
  const std::size_t rough = std::max(1u, rate_ / 4000);
  const auto best = [&](std::size_t from, std::size_t to, std::size_t by) {
    std::pair<float, std::size_t> found{0, 0};
    for (auto lag = from; lag <= to; lag += by)
      found = std::max(found, std::pair(likeness(lag, by), lag));
    return found.second;
  };
  const auto about = best(shortest, longest, rough);
  if (about == 0) return 0;
  return best(std::max(shortest, about - rough), std::min(longest, about + rough), 1);
}

// The last `count` periods, their end blended into what came before their beginning.
void Concealment::take_periods(std::size_t count) {
  periods_ = count;
  const auto size = period_ * count, join = period_ / 4;
  const auto begin = history_.size() - size;
  cycle_.assign(history_.begin() + std::ptrdiff_t(begin), history_.end());
  for (std::size_t i = 0; i < join; ++i) {
    const float before = float(i + 1) / float(join + 1);
    auto& sample = cycle_[size - join + i];
    sample = sample * (1 - before) + float(history_[begin - join + i]) * before;
  }
  at_ %= period_;
}

float Concealment::voice() {
  if (period_ == 0) return 0;
  if (periods_ < most_periods && made_up_ == ms(10) * periods_) {
    leaving_.clear();
    for (std::size_t i = 0; i < period_ / 4; ++i)
      leaving_.push_back(cycle_[(at_ + i) % cycle_.size()]);
    left_ = 0;
    take_periods(periods_ + 1);
  }
  float sample = cycle_[at_];
  at_ = (at_ + 1) % cycle_.size();
  if (left_ < leaving_.size()) {
    const float arrived = float(left_ + 1) / float(leaving_.size() + 1);
    sample = sample * arrived + leaving_[left_++] * (1 - arrived);
  }
  return sample;
}

float Concealment::gain() const {
  if (comforted_) return 0;
  const auto full = ms(10), none = ms(60);
  if (made_up_ <= full) return 1;
  return made_up_ >= none ? 0 : float(none - made_up_) / float(none - full);
}

float Concealment::noise() {
  const float level = told_ ? *told_ : background();
  if (level == 0) return 0;
  const float uniform = float(random_()) / float(std::minstd_rand::max()) * 2 - 1;
  return level * std::sqrt(3.f) * uniform;
}

float Concealment::next() {
  const auto joined = period_ ? std::max<std::size_t>(period_ / 4, 1) : ms(5);
  const float g = gain();
  float sample = g > 0 ? voice() * g : 0;
  if (made_up_ < joined) sample += step_ * (1 - float(made_up_ + 1) / float(joined + 1));
  if (g < 1) sample += noise() * (1 - g);
  ++made_up_;
  return sample;
}

void Concealment::remember(std::span<const std::int16_t> samples) {
  samples = samples.last(std::min(samples.size(), history_.size()));
  const auto before_the_wrap = std::min(samples.size(), history_.size() - oldest_);
  std::ranges::copy(samples.first(before_the_wrap), history_.begin() + std::ptrdiff_t(oldest_));
  std::ranges::copy(samples.subspan(before_the_wrap), history_.begin());
  oldest_ = (oldest_ + samples.size()) % history_.size();
}

// The quietest packet of the last two to four seconds is the background.
void Concealment::measure_background(std::span<const std::int16_t> samples) {
  if (samples.empty()) return;
  std::int64_t sum = 0;
  for (const std::int64_t s : samples) sum += s * s;
  quietest_ = std::min(quietest_, float(sum) / float(samples.size()));
  window_ += samples.size();
  if (window_ < 2 * rate_) return;
  window_ = 0;
  quietest_before_ = std::exchange(quietest_, unknown);
}

float Concealment::background() const {
  const float level = std::sqrt(std::min(quietest_, quietest_before_));
  return level > loudest_background ? 0 : level;
}

}  // namespace parley::rtp
