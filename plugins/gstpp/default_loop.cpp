#include "plugins/gstpp/default_loop.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "engine/base/real_loop.hpp"
#include "engine/base/sim_loop.hpp"

namespace parley::gst {

LoopRef default_loop() {
  const char* time = std::getenv("PARLEY_TIME");
  if (time && std::string_view(time) == "virtual") return SimLoop::make();
  static const auto one = [] {
    auto loop = RealLoop::make("parley-default");
    loop->start();
    return loop;
  }();
  return one;
}

Workers& default_workers() {
  static Workers one(std::clamp(std::thread::hardware_concurrency(), 2u, 8u));
  return one;
}

}  // namespace parley::gst
