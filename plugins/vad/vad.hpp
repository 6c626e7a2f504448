// vad: the element parleyvad.
#pragma once

#include <glib-object.h>

namespace parley {
GType vad_type();
}
