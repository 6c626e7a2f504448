// egress: the element parleyegress, the end of a call where the agent's voice goes out.
#pragma once

#include <glib-object.h>

namespace parley::rtp {

GType egress_type();

}  // namespace parley::rtp
