#include "plugins/testkit/player.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace parley::caller {
namespace {

constexpr int down_ticks = int(Player::key_down / tick_length);
constexpr int key_ticks = down_ticks + int(Player::key_up / tick_length);
constexpr int end_packets = 3;

std::uint8_t event_of(char key) {
  constexpr std::string_view keys = "0123456789*#ABCD";
  return static_cast<std::uint8_t>(keys.find(key));
}

}  // namespace

Player::Player(ProgramRef program, Nanos start, std::uint32_t seed)
    : program_(std::move(program)),
      started_(start),
      entered_(start),
      mark_(start),
      random_(seed),
      noise_(0, static_cast<float>(program_->noise_rms)) {
  PARLEY_ASSERT(program_->sounds.size() == program_->steps.size());
}

void Player::heard(Nanos now, std::span<const std::int16_t> audio, unsigned rate) {
  agent_.hear(now, audio, rate);
}

void Player::far_end_gone(Nanos now) {
  if (state_ != State::playing) return;
  advance(now);
  if (state_ != State::playing) return;
  if (step().what == Do::wait_finish && agent_.last_voiced() > mark_) ++index_;  // it did, and left
  while (index_ < program_->steps.size() &&
         (step().what == Do::wait_hangup || step().what == Do::hangup))
    ++index_;
  if (index_ == program_->steps.size())
    return complete("the other side hung up, as the script expected");
  fail(fmt::format("the other side ended the call during '{}'", name_of(step().what)));
}

Frame Player::tick(Nanos now) {
  Frame frame;
  if (state_ == State::playing) advance(now);
  if (state_ != State::playing) return frame;
  if (step().what == Do::press) return key_frame();
  if (sounding_) add_sound(now, frame);
  if (program_->noise_rms > 0) add_noise(frame);
  return frame;
}

void Player::advance(Nanos now) {
  while (state_ == State::playing) {
    if (index_ == program_->steps.size()) return complete("the script has come to its end");
    if (!done(now)) return;
    if (state_ == State::playing) next(now);
  }
}

void Player::next(Nanos now) {
  switch (step().what) {
    case Do::pause:
    case Do::expect_stop:
    case Do::expect_answer:
    case Do::expect_spoken:
    case Do::wait_speak:
      break;  // what the agent is saying may still be what the next step waits for
    default:
      mark_ = now;
  }
  ++index_;
  entered_ = now;
  offset_ = 0;
  sounding_ = false;
  key_ = 0;
  key_tick_ = 0;
}

bool Player::done(Nanos now) {
  const Step& at = step();
  const bool late = now - entered_ >= at.timeout;
  switch (at.what) {
    case Do::say:
    case Do::play:
      sounding_ = true;
      return sounded();
    case Do::interrupt:
      if (!sounding_ && may_interrupt(now)) {
        sounding_ = true;
        interrupted_ = now;
      }
      if (!sounding_ && late)
        fail(fmt::format("the agent did not speak for {} ms on end", to_ms(at.time)));
      return sounding_ && sounded();
    case Do::press:
      return key_ == at.text.size();
    case Do::pause:
      return now - entered_ >= at.time;
    case Do::wait_speak:
      if (agent_.last_voiced() > mark_ && agent_.talking(now)) return true;
      if (late) fail(fmt::format("the agent did not speak within {} ms", to_ms(at.timeout)));
      return false;
    case Do::wait_finish:
      if (finished_speaking(now)) return true;
      if (late) {
        fail(fmt::format("the agent did not {} within {} ms",
                         agent_.last_voiced() > mark_ ? "finish" : "speak", to_ms(at.timeout)));
      }
      return false;
    case Do::wait_silence:
      if (now - std::max(entered_, agent_.last_voiced()) >= at.time) return true;
      if (late)
        fail(fmt::format("the agent was not silent for {} ms within {} ms", to_ms(at.time),
                         to_ms(at.timeout)));
      return false;
    case Do::wait_hangup:
      if (late) fail(fmt::format("the other side did not hang up within {} ms", to_ms(at.timeout)));
      return false;
    case Do::expect_stop:
      return stopped_in_time(now);
    case Do::expect_answer:
      return answered_in_time(now);
    case Do::expect_spoken:
      if (agent_.segments().size() >= std::size_t(at.count)) return true;
      fail(
          fmt::format("the agent has spoken {} times, not {}", agent_.segments().size(), at.count));
      return false;
    case Do::hangup:
      index_ = program_->steps.size();
      complete("the script hung up");
      return false;
  }
  return false;
}

// What the agent still says when the caller's words are over (a barge-in's last moment) is no
// answer.
bool Player::finished_speaking(Nanos now) const {
  if (agent_.segments().empty() || now - agent_.last_voiced() < step().gap) return false;
  const auto& last = agent_.segments().back();
  constexpr Nanos tail = 600ms;
  return last.start > mark_ || last.end > mark_ + tail;
}

bool Player::may_interrupt(Nanos now) {
  return agent_.talking(now) && now - agent_.segments().back().start >= step().time;
}

bool Player::stopped_in_time(Nanos now) {
  const Nanos limit = interrupted_ + step().time;
  Nanos end{0};  // of what the agent was saying when the interruption began
  for (const auto& segment : agent_.segments()) {
    if (segment.start <= interrupted_) end = segment.end;
  }
  if (end > limit) {
    fail(fmt::format("the agent still spoke {} ms after the interruption began, not at most {} ms",
                     to_ms(end - interrupted_), to_ms(step().time)));
    return false;
  }
  return now > limit + tick_length || now - end > Ear::pause;
}

bool Player::answered_in_time(Nanos now) {
  const Nanos asked = std::max(own_.last_voiced(), started_);
  for (const auto& segment : agent_.segments()) {
    if (segment.start <= asked) continue;
    if (segment.start - asked <= step().time) return true;
    fail(fmt::format("the answer came after {} ms, not within {} ms", to_ms(segment.start - asked),
                     to_ms(step().time)));
    return false;
  }
  // A segment is known 60 ms after it began.
  if (now - asked > step().time + 2 * Ear::onset) {
    fail(fmt::format("no answer came within {} ms", to_ms(step().time)));
  }
  return false;
}

void Player::complete(const char* reason) {
  state_ = State::completed;
  reason_ = reason;
}

void Player::fail(const std::string& what) {
  state_ = State::failed;
  reason_ = fmt::format("line {}: {}", step().line, what);
}

Frame Player::key_frame() {
  Frame frame;
  const bool ended = key_tick_ >= down_ticks;
  if (key_tick_ < down_ticks + end_packets) {
    frame.key = KeyPacket{
        .event = event_of(step().text[key_]),
        .duration = static_cast<std::uint16_t>(tick_samples *
                                               std::size_t(std::min(key_tick_ + 1, down_ticks))),
        .first = key_tick_ == 0,
        .end = ended,
    };
  }
  if (++key_tick_ == key_ticks) {
    key_tick_ = 0;
    ++key_;
  }
  return frame;
}

void Player::add_sound(Nanos now, Frame& frame) {
  const auto& sound = program_->sounds[index_];
  const auto count = std::min(tick_samples, sound.size() - offset_);
  std::copy_n(sound.begin() + std::ptrdiff_t(offset_), count, frame.audio.begin());
  offset_ += count;
  own_.hear(now, frame.audio);
}

void Player::add_noise(Frame& frame) {
  for (auto& sample : frame.audio) {
    sample = static_cast<std::int16_t>(
        std::clamp(float(sample) + noise_(random_), -32'768.0F, 32'767.0F));
  }
}

}  // namespace parley::caller
