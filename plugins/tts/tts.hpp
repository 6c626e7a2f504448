// tts: the element parleytts; see tts.cpp.
#pragma once

#include <glib-object.h>

namespace parley::tts {

GType element_type();

}  // namespace parley::tts
