// turn: the element parleyturn, for the plugin's table.
#pragma once

#include <gst/gst.h>

namespace parley::turn {

GType element_type();

}  // namespace parley::turn
