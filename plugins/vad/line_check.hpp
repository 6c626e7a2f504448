// line_check: looks along a chain for an element that would split it over two threads.
//
// Threads: any, while the chain is linked and not being changed.
#pragma once

#include <gst/gst.h>

#include <string>

namespace parley {

// The factory name of a queue that stands behind `src` and ahead of another of our elements; empty:
// there is none. A queue behind the last of ours is welcome.
std::string queue_in_line(GstPad* src);

}  // namespace parley
