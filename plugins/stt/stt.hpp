// stt: the element parleystt.
#pragma once

#include <glib-object.h>

namespace parley {
GType stt_type();
}
