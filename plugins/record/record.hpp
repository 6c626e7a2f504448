// record: the element parleyrecord; see record.cpp.
#pragma once

#include <gst/gst.h>

namespace parley::record {
GType element_type();
}
