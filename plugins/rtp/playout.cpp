#include "plugins/rtp/playout.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "plugins/dsp/half_band.hpp"
#include "plugins/dsp/level.hpp"
#include "plugins/dsp/rate_changer.hpp"

namespace parley {

const char* to_string(Phase phase) {
  static constexpr const char* names[] = {"started", "sentence", "finished", "cut"};
  return names[std::size_t(phase)];
}

void Playout::sentence(std::int64_t number, std::string text, std::vector<std::string> words,
                       std::vector<std::int64_t> ends) {
  if (number <= last_cut_) return;
  auto& utterance = find_or_add(number);
  utterance.sentences.push_back(
      {.text = std::move(text), .words = std::move(words), .ends = std::move(ends)});
  close_sentence(utterance);
}

bool Playout::audio(std::int64_t number, std::span<const std::int16_t> samples, bool last) {
  if (samples.empty() && !last) return true;
  const bool full = queued_ + samples.size() > std::size_t(longest_s) * rate_;
  const bool was_cut = number > 0 && number <= last_cut_;
  if (full || was_cut) {
    dropped_ += samples.size();
    if (!full || !last) return !full;
    samples = {};  // its end is told all the same, or the dialogue would wait for it
  }
  Chunk chunk{.utterance = number, .last = last, .samples = std::exchange(spare_, {})};
  chunk.samples.assign(samples.begin(), samples.end());
  if (number > 0) {
    auto& utterance = find_or_add(number);
    if (utterance.sentences.empty()) utterance.sentences.emplace_back();
    chunk.sentence = utterance.sentences.size() - 1;
    utterance.sentences.back().queued += std::int64_t(samples.size());
    if (!samples.empty() && std::exchange(utterance.starved, false)) ++underruns_;
  }
  queued_ += samples.size();
  queue_.push_back(std::move(chunk));
  drop_spent();
  return !full;
}

void Playout::widen() {
  Upsampler up;
  std::vector<std::int16_t> raised;
  if (!queue_.empty()) {  // it begins with what left last
    const auto& now = queue_.front();
    const auto heard = std::min<std::size_t>(now.left, half_band_taps);
    up.push(std::span(now.samples).subspan(now.left - heard, heard), raised);
  }
  for (auto& chunk : queue_) {
    raised.clear();
    up.push(std::span(chunk.samples).subspan(chunk.left), raised);
    chunk.samples.swap(raised);
    chunk.left = 0;
  }
  const auto fading = doubled(std::vector(fading_.begin(), fading_.end()));
  fading_.assign(fading.begin(), fading.end());
  last_ = doubled(last_);
  for (auto* count : {&queued_, &least_queued_, &most_queued_, &needless_}) *count *= 2;
  for (auto& utterance : utterances_) {
    utterance.samples *= 2;
    for (auto& s : utterance.sentences) {
      s.queued *= 2;
      s.left *= 2;
      for (auto& end : s.ends) end *= 2;
    }
  }
  rate_ *= 2;
}

bool Playout::tick(std::span<std::int16_t> frame) {
  if (silenced()) {
    std::ranges::fill(frame, std::int16_t(0));
    fading_.clear();
    pass(frame.size());
    return false;
  }
  if (needless_ >= frame.size()) work_off();
  std::size_t filled = take_fading(frame, 0);
  const auto faded = filled;
  while (filled < frame.size() && !queue_.empty()) {
    auto& chunk = queue_.front();
    const auto n = std::min(frame.size() - filled, chunk.samples.size() - chunk.left);
    std::copy_n(chunk.samples.begin() + std::ptrdiff_t(chunk.left), n,
                frame.begin() + std::ptrdiff_t(filled));
    chunk.left += n;
    filled += n;
    queued_ -= n;
    leave(chunk, n);
    drop_spent();
  }
  std::fill(frame.begin() + std::ptrdiff_t(filled), frame.end(), std::int16_t(0));
  apply_gain(frame.subspan(faded));
  if (filled > faded) {
    const std::size_t most = rate_ * dry_fade_ms / 1000;
    const auto left = frame.subspan(faded, filled - faded);
    const auto newest = left.last(std::min(most, left.size()));
    last_.insert(last_.end(), newest.begin(), newest.end());
    if (last_.size() > most) last_.erase(last_.begin(), last_.end() - std::ptrdiff_t(most));
    concealed_ = false;
  }
  if (filled < frame.size() && runs_dry()) {
    conceal();
    filled = take_fading(frame, filled);
  }
  if (queue_.empty() && !utterances_.empty()) {
    auto& newest = utterances_.back();
    newest.starved = newest.started && !newest.over;
  }
  watch_backlog();
  return filled > 0;
}

void Playout::watch_backlog() {
  const bool live = !queue_.empty() && queue_.front().utterance == 0;
  least_queued_ = std::min(least_queued_, live ? queued_ : 0);
  most_queued_ = std::max(most_queued_, queued_);
  if (++watched_ < window) return;
  needless_ = most_queued_ <= rate_ * live_ms / 1000 ? least_queued_ : 0;
  least_queued_ = most_queued_ = queued_;
  watched_ = 0;
}

void Playout::work_off() {
  if (queue_.empty() || queue_.front().utterance != 0) return;
  const auto& chunk = queue_.front();
  const auto next = std::span(chunk.samples).subspan(chunk.left);
  if (next.size() > needless_ || !is_quiet(next)) return;
  needless_ -= next.size();
  pass(next.size());
}

std::size_t Playout::take_fading(std::span<std::int16_t> frame, std::size_t filled) {
  for (; filled < frame.size() && !fading_.empty(); ++filled) {
    frame[filled] = fading_.front();
    fading_.pop_front();
  }
  return filled;
}

bool Playout::runs_dry() const {
  if (concealed_ || !queue_.empty() || utterances_.empty()) return false;
  const auto& newest = utterances_.back();
  return newest.started && !newest.over;
}

void Playout::conceal() {
  concealed_ = true;
  const auto n = last_.size();
  for (std::size_t i = 0; i < n; ++i)
    fading_.push_back(std::int16_t(float(last_[n - 1 - i]) * float(n - i) / float(n)));
}

void Playout::pass(std::size_t samples) {
  while (samples > 0 && !queue_.empty() && queue_.front().utterance == 0) {
    auto& chunk = queue_.front();
    const auto n = std::min(samples, chunk.samples.size() - chunk.left);
    chunk.left += n;
    queued_ -= n;
    samples -= n;
    dropped_ += n;
    drop_spent();
  }
}

void Playout::cut() {
  const std::size_t longest = std::size_t(rate_) * fade_ms / 1000;
  for (const auto& chunk : queue_)
    for (auto i = chunk.left; i < chunk.samples.size() && fading_.size() < longest; ++i)
      fading_.push_back(chunk.samples[i]);
  const auto length = float(fading_.size());
  for (std::size_t i = 0; i < fading_.size(); ++i)
    fading_[i] = std::int16_t(float(fading_[i]) * gain_ * (length - float(i)) / length);
  gain_ = silenced() ? 0 : 1;
  target_gain_ = 1;
  queue_.clear();
  queued_ = 0;
  for (auto& utterance : utterances_) {
    last_cut_ = std::max(last_cut_, utterance.number);
    if (!std::exchange(utterance.over, true)) note(Phase::cut, utterance);
  }
}

Heard Playout::heard(std::int64_t number) const {
  const auto* utterance = find(number);
  if (!utterance) return {};
  Heard all{.samples = utterance->samples, .pending = !utterance->over};
  for (const auto& s : utterance->sentences) {
    all.words += words_left(s);
    const auto text = text_left(s);
    if (!all.text.empty() && !text.empty()) all.text += ' ';
    all.text += text;
  }
  return all;
}

std::vector<Progress> Playout::take_progress() { return std::exchange(progress_, {}); }

bool Playout::idle() const {
  return empty() && std::all_of(utterances_.begin(), utterances_.end(),
                                [](const auto& u) { return u.over || !u.started; });
}

std::int64_t Playout::words_left(const Sentence& s) {
  if (s.out) return std::int64_t(s.words.size());
  const auto ends = std::min(s.ends.size(), s.words.size());
  return std::count_if(s.ends.begin(), s.ends.begin() + std::ptrdiff_t(ends),
                       [&](auto end) { return end <= s.left; });
}

// A sentence is out when all of its audio has left. More may be on its way until another sentence
// follows or the utterance ends; beyond the last word that is silence, and not waited for.
bool Playout::is_out(const Utterance& utterance, std::size_t index) {
  const auto& s = utterance.sentences[index];
  if (s.queued == 0 || s.left < s.queued) return false;
  const bool followed = index + 1 < utterance.sentences.size();
  return followed || (!s.ends.empty() && s.left >= s.ends.back());
}

std::string Playout::text_left(const Sentence& s) {
  if (s.out) return s.text;
  const auto words = std::size_t(words_left(s));
  std::size_t end = 0;
  std::string joined;
  for (std::size_t i = 0; i < words; ++i) {
    joined += (i ? " " : "") + s.words[i];
    if (end == std::string::npos) continue;
    const auto found = s.text.find(s.words[i], end);
    end = found == std::string::npos ? found : found + s.words[i].size();
  }
  return end == std::string::npos ? joined : s.text.substr(0, end);
}

Playout::Utterance* Playout::find(std::int64_t number) {
  return const_cast<Utterance*>(std::as_const(*this).find(number));
}

const Playout::Utterance* Playout::find(std::int64_t number) const {
  const auto found = std::find_if(utterances_.rbegin(), utterances_.rend(),
                                  [&](const auto& u) { return u.number == number; });
  return found == utterances_.rend() ? nullptr : &*found;
}

Playout::Utterance& Playout::find_or_add(std::int64_t number) {
  if (auto* known = find(number)) return *known;
  while (utterances_.size() >= remembered &&
         (utterances_.front().over || utterances_.size() >= 8 * remembered))
    utterances_.pop_front();
  utterances_.push_back({.number = number});
  return utterances_.back();
}

void Playout::note(Phase phase, const Utterance& utterance) {
  const auto sum = [](std::int64_t n, const Sentence& s) { return n + words_left(s); };
  progress_.push_back({.phase = phase,
                       .utterance = utterance.number,
                       .words = std::accumulate(utterance.sentences.begin(),
                                                utterance.sentences.end(), std::int64_t(0), sum),
                       .samples = utterance.samples});
}

// The one before the newest gets no more audio: if it has been played it is out now.
void Playout::close_sentence(Utterance& utterance) {
  if (utterance.sentences.size() < 2) return;
  const auto index = utterance.sentences.size() - 2;
  auto& s = utterance.sentences[index];
  if (s.out || !is_out(utterance, index)) return;
  s.out = true;
  note(Phase::sentence, utterance);
}

void Playout::leave(const Chunk& chunk, std::size_t samples) {
  auto* utterance = chunk.utterance > 0 ? find(chunk.utterance) : nullptr;
  if (!utterance || samples == 0) return;
  current_ = utterance->number;
  auto& s = utterance->sentences[chunk.sentence];
  const bool first = !std::exchange(utterance->started, true);
  utterance->samples += std::int64_t(samples);
  s.left += std::int64_t(samples);
  if (first) note(Phase::started, *utterance);
  if (s.out || !is_out(*utterance, chunk.sentence)) return;
  s.out = true;
  note(Phase::sentence, *utterance);
}

void Playout::end(const Chunk& chunk) {
  auto* utterance = find(chunk.utterance);
  if (!utterance || utterance->over) return;
  utterance->over = true;
  auto& s = utterance->sentences.back();
  if (!s.out && s.left == s.queued && s.queued > 0) {
    s.out = true;
    note(Phase::sentence, *utterance);
  }
  note(Phase::finished, *utterance);
}

void Playout::drop_spent() {
  while (!queue_.empty() && queue_.front().left == queue_.front().samples.size()) {
    auto chunk = std::move(queue_.front());
    queue_.pop_front();
    if (chunk.last && chunk.utterance > 0) end(chunk);
    if (chunk.samples.size() <= rate_ / 50) spare_ = std::move(chunk.samples);
  }
}

void Playout::apply_gain(std::span<std::int16_t> frame) {
  const float target = waits_ ? 0 : target_gain_;
  if (gain_ == 1 && target == 1) return;
  const float step = (target - gain_) / float(std::max<std::size_t>(frame.size(), 1));
  for (auto& sample : frame) {
    gain_ += step;
    sample = std::int16_t(float(sample) * gain_);
  }
  gain_ = target;
}

}  // namespace parley
