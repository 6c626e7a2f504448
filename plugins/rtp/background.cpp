#include "plugins/rtp/background.hpp"

#include <array>
#include <utility>

namespace parley {
namespace {

constexpr double hold_gain_db = -6;

constexpr std::array names = {"ambient", "hold"};
constexpr const char* name(Background::Input input) { return names[std::size_t(input)]; }

}  // namespace

void Background::start(std::shared_ptr<const Agent> agent) {
  agent_ = std::move(agent);
  mixer_.clear();
  rate_ = 0;
  music_ = false;
}

std::vector<Background::Order> Background::follow(unsigned rate, bool music) {
  std::vector<Order> orders;
  if (!agent_) return orders;
  if (rate_ != rate) {
    if (rate_ != 0 && rate == 2 * rate_) {  // what plays goes on, and soon in the new rate
      mixer_.widen();
      if (music_) orders.push_back(music_order(rate));
    } else {
      mixer_ = Mixer(rate);
      music_ = false;
    }
    rate_ = rate;
    if (!agent_->ambient.empty())
      orders.push_back({.input = Input::ambient,
                        .sound = {.path = agent_->ambient, .rate = rate, .loop = true},
                        .gain_db = agent_->ambient_gain_db});
  }
  if (music == music_) return orders;
  music_ = music;
  if (music)
    orders.push_back(music_order(rate));
  else
    mixer_.stop(name(Input::hold));
  return orders;
}

Background::Order Background::music_order(unsigned rate) const {
  return {.input = Input::hold,
          .sound = {.path = agent_->hold, .rate = rate, .loop = true},
          .gain_db = hold_gain_db};
}

void Background::loaded(const Order& order, SoundRef sound) {
  const bool late = order.sound.rate != rate_ || (order.input == Input::hold && !music_);
  if (!late) mixer_.play(name(order.input), std::move(sound), order.gain_db, Mixer::Loop::yes);
}

bool Background::add_music(std::span<std::int16_t> frame) {
  return mixer_.add(name(Input::hold), frame);
}

void Background::add_ambient(std::span<std::int16_t> frame) {
  mixer_.add(name(Input::ambient), frame);
}

}  // namespace parley
