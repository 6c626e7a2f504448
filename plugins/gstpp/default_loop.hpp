// default_loop: the loop of an element that nobody gave one: gst-launch-1.0, gst-inspect-1.0, a
// test.
//
// Real time: one loop for the process, started at first use. PARLEY_TIME=virtual: a new virtual
// loop for each chain that asks.
#pragma once

#include "engine/base/loop.hpp"

namespace parley::gst {

LoopRef default_loop();
Workers& default_workers();  // the process's pool: recognition and synthesis of every chain

}  // namespace parley::gst
