// ingress: the element parleyingress, the end of a call where RTP comes in.
#pragma once

#include <glib-object.h>

namespace parley::rtp {

GType ingress_type();

}  // namespace parley::rtp
