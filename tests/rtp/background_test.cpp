#include "plugins/rtp/background.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace parley;

namespace {

using Input = Background::Input;

std::shared_ptr<const Agent> agent(const std::string& ambient, const std::string& hold) {
  Agent a;
  a.ambient = ambient;
  a.ambient_gain_db = -20;
  a.hold = hold;
  return std::make_shared<const Agent>(std::move(a));
}

SoundRef sound(std::int16_t value) {
  return std::make_shared<const std::vector<std::int16_t>>(16000, value);
}

// The last sample of half a second over silence: long after every fade.
template <class Add>
int level(Background& background, Add add) {
  std::array<std::int16_t, 160> frame{};
  for (int i = 0; i < 25; ++i) {
    frame.fill(0);
    (background.*add)(frame);
  }
  return frame.back();
}
int music(Background& b) { return level(b, &Background::add_music); }
int ambient(Background& b) { return level(b, &Background::add_ambient); }

}  // namespace

TEST_CASE("background: without an agent, or without its sounds, nothing is ordered or heard") {
  Background b;
  CHECK(b.follow(8000, true).empty());
  b.start(nullptr);
  CHECK(b.follow(8000, true).empty());
  b.start(agent("", ""));
  CHECK(b.follow(8000, false).empty());
  CHECK(music(b) == 0);
  CHECK(ambient(b) == 0);
}

TEST_CASE("background: an agent without hold music has the hold signal") {
  Background b;
  b.start(agent("", ""));
  const auto orders = b.follow(8000, true);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].input == Input::hold);
  CHECK(orders[0].sound.path.empty());
}

TEST_CASE("background: the ambient sound is ordered once and plays at its gain from then on") {
  Background b;
  b.start(agent("office.wav", "music.wav"));
  const auto orders = b.follow(16000, false);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].input == Input::ambient);
  CHECK(orders[0].sound.path == "office.wav");
  CHECK(orders[0].sound.rate == 16000);
  CHECK(orders[0].sound.loop);
  CHECK(b.follow(16000, false).empty());
  CHECK(ambient(b) == 0);
  b.loaded(orders[0], sound(10000));
  CHECK(ambient(b) == 1000);
  CHECK(music(b) == 0);
}

TEST_CASE("background: hold music plays while it is wanted, and is ordered each time") {
  Background b;
  b.start(agent("", "music.wav"));
  CHECK(b.follow(8000, false).empty());
  for (int time = 0; time < 2; ++time) {
    const auto orders = b.follow(8000, true);
    REQUIRE(orders.size() == 1);
    CHECK(orders[0].input == Input::hold);
    CHECK(orders[0].sound.path == "music.wav");
    CHECK(b.follow(8000, true).empty());
    b.loaded(orders[0], sound(4000));
    CHECK(music(b) == doctest::Approx(2005).epsilon(.001));
    CHECK(b.follow(8000, false).empty());
    CHECK(music(b) == 0);
  }
}

TEST_CASE("background: music that comes when it is not wanted any more does not play") {
  Background b;
  b.start(agent("", "music.wav"));
  const auto orders = b.follow(8000, true);
  REQUIRE(orders.size() == 1);
  b.follow(8000, false);
  b.loaded(orders[0], sound(4000));
  CHECK(music(b) == 0);
}

TEST_CASE("background: at another rate all that is wanted is ordered anew, the old ones are late") {
  Background b;
  b.start(agent("office.wav", "music.wav"));
  const auto before = b.follow(8000, true);
  REQUIRE(before.size() == 2);
  const auto after = b.follow(16000, true);
  REQUIRE(after.size() == 2);
  CHECK(after[0].sound.rate == 16000);
  CHECK(after[1].sound.rate == 16000);
  for (const auto& order : before) b.loaded(order, sound(4000));
  CHECK(music(b) == 0);
  CHECK(ambient(b) == 0);
  for (const auto& order : after) b.loaded(order, sound(4000));
  CHECK(music(b) > 0);
  CHECK(ambient(b) > 0);
}

TEST_CASE("background: when the rate rises what plays goes on, and then in its own sound") {
  Background b;
  b.start(agent("office.wav", "music.wav"));
  for (const auto& order : b.follow(8000, true)) b.loaded(order, sound(4000));
  CHECK(music(b) > 0);
  const auto after = b.follow(16000, true);
  REQUIRE(after.size() == 2);
  for (const auto& order : after) CHECK(order.sound.rate == 16000);
  CHECK(music(b) > 0);
  CHECK(ambient(b) > 0);
  for (const auto& order : after) b.loaded(order, sound(8000));
  CHECK(music(b) > 0);
  CHECK(ambient(b) > 0);
  CHECK(b.follow(16000, true).empty());
}

TEST_CASE("background: a new start is silent and orders anew") {
  Background b;
  b.start(agent("office.wav", ""));
  for (const auto& order : b.follow(8000, false)) b.loaded(order, sound(4000));
  CHECK(ambient(b) > 0);
  b.start(agent("office.wav", ""));
  CHECK(ambient(b) == 0);
  CHECK(b.follow(8000, false).size() == 1);
}
